"""A submission to HEPData: tables in its YAML, the likelihoods beside them, packed with the same
bytes every time.

`hepdata_lib` writes the tables, `hepdata_validator` (which it needs anyway) checks the packed
submission offline. The
likelihoods are pyhf workspaces: one file per flavour; those of many masses as a background and a
    patchset.
"""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import chdir, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import yaml
from hepdata_lib import Submission, Table

from exonu.core.errors import InputError
from exonu.core.files import whole_or_absent, write_json, write_text
from exonu.report.hepdata.patchsets import patchset
from exonu.report.hepdata.submission_tables import (
    contribution_tables,
    correlation_table,
    cut_flow_table,
    fitted_spectrum_table,
    limit_tables,
    spectrum_table,
)
from exonu.report.numbers.figure_records import Heading, SpectrumCounts
from exonu.report.printed_tables.result_tables import caption

Case = tuple[str, Mapping[str, Any], Mapping[str, Any]]
"""Name, workspace and meaning of a hypothesis."""


def write_submission(
    folder: Path,
    tarball: Path,
    limits: pd.DataFrame,
    counts: SpectrumCounts | Heading,
    records: Sequence[Mapping[str, Any]],
    cases: Sequence[Case],
    cut_flow: pd.DataFrame | None = None,
    contributions: pd.DataFrame | None = None,
) -> None:
    """Write a submission and check it.

    Args:
        folder: for `submission.yaml`, the tables and the likelihoods; emptied first.
        tarball: the same, packed: what is uploaded.
        limits: the analysis's `limits.csv`.
        counts: its `counts.csv`; of a combination, which has no spectrum of its own, the heading.
        records: diagnostics of some hypotheses.
        cases: name, workspace and meaning of all hypotheses.
        cut_flow: table of `exonu.events.selection.cut_flow`, for an analysis of events.
        contributions: `combination.csv` of a combination.

    Raises:
        InputError: if HEPData's validator refuses it; its words are in the message.
    """
    heading = counts if isinstance(counts, Heading) else counts.heading
    submission = Submission()
    submission.comment = caption(
        heading, "Search for exotic interactions of solar neutrinos with electrons, by exonu."
    )
    tables = [
        *limit_tables(limits, heading),
        *_spectra(counts, records),
        *([] if contributions is None else contribution_tables(contributions, heading)),
        *(correlation_table(record, heading) for record in records),
        *([] if cut_flow is None else [cut_flow_table(cut_flow, heading)]),
    ]
    for table in tables:
        submission.add_table(table)
    with TemporaryDirectory() as temporary:
        place, made = Path(temporary, "likelihoods"), Path(temporary, "submission")
        for file, description in _write_likelihoods(place, cases, heading):
            kind = "HistFactory" if file.suffix == ".json" else None
            submission.add_additional_resource(
                description, str(file), copy_file=True, file_type=kind
            )
        with chdir(temporary):  # hepdata_lib leaves a tarball, with times in it, wherever it stands
            submission.create_files(made.name, validate=False)
        packed = _pack(made, Path(temporary, "packed.tar.gz"))
        check_submission(packed)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(made, folder)
        with whole_or_absent(tarball) as beside:
            shutil.copyfile(packed, beside)


def _spectra(counts: SpectrumCounts | Heading, records: Sequence[Mapping[str, Any]]) -> list[Table]:
    if isinstance(counts, Heading):
        return []
    heading = counts.heading
    return [spectrum_table(counts, heading), fitted_spectrum_table(counts, records, heading)]


def _write_likelihoods(
    place: Path, cases: Sequence[Case], heading: Heading
) -> Iterable[tuple[Path, str]]:
    """Write the workspaces and what their parameters mean; gives each file with its description."""
    alone = [case for case in cases if case[2]["mass_MeV"] is None]
    for name, spec, _ in alone:
        yield (
            _written_json(place / f"{name}.json", spec),
            caption(heading, f"pyhf workspace of {name}."),
        )
    if alone:
        text = "What mu and its ties mean in each workspace, and the strength at mu = 1."
        yield _written_yaml(place / "workspaces.poi_map.yaml", alone), text
    for interaction in sorted(
        {meaning["interaction"] for _, _, meaning in cases if meaning["mass_MeV"] is not None}
    ):
        many = sorted(
            (case for case in cases if case[2]["interaction"] == interaction),
            key=lambda c: c[2]["mass_MeV"],
        )
        told = f"{interaction}: signals of {len(many)} masses."
        background, patches = patchset(many, ["mass_MeV"], caption(heading, told))
        text = f"pyhf workspace of the background alone, for the patchset of {interaction}."
        yield (
            _written_json(place / f"{interaction}_background.json", background),
            caption(heading, text),
        )
        text = f"pyhf patchset of {interaction}, one patch per mass. Plain pyhf does not know that mu_sq = mu**2 and "
        text += "gives wrong limits: tie them, as the poi_map in each patch's metadata says; `exonu limit` does."
        yield _written_json(place / f"{interaction}_patchset.json", patches), caption(heading, text)
        text = (
            f"What mu and its ties mean in each patch of {interaction}, and the strength at mu = 1."
        )
        yield _written_yaml(place / f"{interaction}.poi_map.yaml", many), text


def _written_json(file: Path, content: Any) -> Path:
    write_json(file, content)
    return file


def _written_yaml(file: Path, cases: Sequence[Case]) -> Path:
    meanings = {name: dict(meaning) for name, _, meaning in cases}
    write_text(file, yaml.safe_dump(meanings, sort_keys=False, allow_unicode=True))
    return file


def _pack(folder: Path, tarball: Path) -> Path:
    """Pack a folder: sorted, without times, owners and names of the machine."""
    with (
        tarball.open("wb") as stream,
        gzip.GzipFile("", "wb", compresslevel=9, fileobj=stream, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as packed,
    ):
        for file in sorted(folder.iterdir()):
            entry = tarfile.TarInfo(file.name)
            entry.size = file.stat().st_size
            packed.addfile(entry, io.BytesIO(file.read_bytes()))
    return tarball


def check_submission(tarball: Path) -> None:
    """HEPData's own validator, offline.

    Raises:
        InputError: with what it says, by file.
    """
    from hepdata_validator.full_submission_validator import FullSubmissionValidator

    validator = FullSubmissionValidator()
    with redirect_stdout(io.StringIO()):
        valid = validator.validate(archive=str(tarball))
    if not valid:
        said = {
            Path(file).name: [str(e) for e in errors]
            for file, errors in validator.get_messages().items()
        }
        raise InputError(f"is refused by HEPData's validator ({said})", file=tarball)
