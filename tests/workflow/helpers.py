"""The real `snakemake` command on a copy of the repository, what it plans, and what it made."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from forked_snakemake import forked_snakemake

from exonu.core.resources import resource_path

ROOT = Path(__file__).resolve().parents[2]
SNAKEMAKE = Path(sys.executable).with_name("snakemake")
PARTS = ("Snakefile", "workflow", "config", "resources", "profiles", "envs")
COMPARED = {".html", ".csv", ".json", ".png", ".pdf", ".yaml", ".tex", ".md", ".npy", ".root"}
SMOKE = ("--configfile", "config/run-smoke.yaml")
SMOKE_EVENTS = "results/smoke/selected/sample_pmt.root"
EXCEPTED = {"logs", "benchmarks", ".snakemake", ".snakemake_timestamp", "digests.json"}


CONFIG = """\
config_version: 1
analyses: [alpha, beta]
"""
ALPHA = """\
config_version: 1
experiment: experiment.yaml
blind: false
interactions:
  magnetic-moment: {flavours: [all, e]}
  dark-photon:
    masses_MeV: {minimum: 0.001, maximum: 10, number: 2}
    more_masses_MeV: []
statistics: {methods: [asymptotic], goodness_of_fit_toys: 20}
plots: {dpi: 100}
"""
BETA = """\
config_version: 1
experiment: experiment.yaml
blind: true
interactions:
  millicharge: {flavours: [all]}
statistics: {methods: [asymptotic], goodness_of_fit_toys: 20}
plots: {dpi: 60}
"""


class Place(NamedTuple):
    """A copy of the repository and a working folder with its own `config/`."""

    repository: Path
    folder: Path

    def copy(self, target: Path) -> Place:
        """An independent copy, modification times included."""
        for part in self:
            shutil.copytree(part, target / part.name, symlinks=True)
        return Place(target / self.repository.name, target / self.folder.name)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text in a file of the working folder, or of the repository if the working
        folder lacks it."""
        path = self.folder / file
        if not path.exists():
            path = self.repository / file
        text = path.read_text()
        assert old in text, f"{old!r} is not in {path}"
        path.write_text(text.replace(old, new, 1))


def copy_of_repository(target: Path) -> Path:
    """The repository's sources as they are now, so that nobody's edit disturbs a test."""
    target.mkdir(parents=True)
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name)
        else:
            shutil.copy2(source, target / name)
    return target


def small_place(target: Path) -> Place:
    """A copy of the repository, and a folder with the configuration of two experiments made as
    `exonu init` does."""
    place = Place(copy_of_repository(target / "repository"), target / "run")
    for name, analysis in (("alpha", ALPHA), ("beta", BETA)):
        shutil.copytree(resource_path("template"), place.folder / "config" / name)
        (place.folder / "config" / name / "analysis.yaml").write_text(analysis)
    (place.folder / "config" / "config.yaml").write_text(CONFIG)
    return place


def smoke_place(folder: Path) -> Place:
    """A folder with our configurations; the repository is run in its place, since compiled kernels
    are cached by it."""
    shutil.copytree(ROOT / "config", folder / "config")
    return Place(ROOT, folder)


def snakemake(
    place: Place, *arguments: str, refused: bool = False, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run snakemake in the place's folder, stdout and stderr together; one core unless the
    arguments say otherwise.

    Where no job runs, in a dry run or since the configuration is `refused`, it is a fork of a
        process that has imported Snakemake.
    """
    cores = () if "--cores" in arguments else ("--cores", "1")
    command = ["--snakefile", place.repository / "Snakefile", *cores, *arguments]
    if refused or {"--dry-run", "--touch"} & set(arguments):
        return forked_snakemake(place.folder, command, **environment)
    base = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [SNAKEMAKE, *command],
        cwd=place.folder,
        env={**base, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def python(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the place's folder with the library of its repository."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(place.repository / "workflow" / "src"),
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=place.folder,
        env=environment,
        capture_output=True,
        text=True,
    )


class Plan(NamedTuple):
    """What a dry run would make, by which rules, and which of these run not only since their inputs
    are new."""

    outputs: frozenset[str]
    rules: frozenset[str]
    changed: frozenset[str]


OWN_REASONS = (
    "Params have changed",
    "Code has changed",
    "Set of input files has changed",
    "Updated input files",
)
JOB = re.compile(r"^(?:local)?rule (?P<name>\w+):\n(?P<body>(?:    .*\n)+)", re.MULTILINE)


def plan(place: Place, *arguments: str) -> Plan:
    """Dry run: outputs that would be made, and rules that changed themselves."""
    ended = snakemake(place, "--dry-run", *arguments)
    assert ended.returncode == 0, ended.stdout
    outputs: set[str] = set()
    rules: set[str] = set()
    changed: set[str] = set()
    for job in JOB.finditer(ended.stdout):
        lines = dict(re.findall(r"^    (\w+): (.*)$", job["body"], re.MULTILINE))
        outputs.update(lines.get("output", "").split(", ") if "output" in lines else ())
        rules.add(job["name"])
        if any(reason in lines.get("reason", "") for reason in OWN_REASONS):
            changed.add(job["name"])
    assert bool(outputs) != ("Nothing to be done" in ended.stdout), ended.stdout
    return Plan(frozenset(outputs), frozenset(rules), frozenset(changed))


def results(folder: Path) -> dict[str, Path]:
    """Every file below `folder`, by relative name, but logs, benchmarks and the records of runs."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    named = {str(file.relative_to(folder)): file for file in files}
    return {name: file for name, file in named.items() if not EXCEPTED & set(Path(name).parts)}


def root_content(file: Path) -> dict[str, object]:
    """What a ROOT file holds, by the names of its objects, without the times and the UUID that it
    tells too."""
    import awkward
    import uproot

    found: dict[str, object] = {}
    with uproot.open(file) as opened:
        for name, kind in opened.classnames().items():
            content = None if kind == "TDirectory" else opened[name]
            if kind == "TTree":
                for branch, values in zip(content.keys(), content.arrays(how=tuple), strict=True):
                    form, length, buffers = awkward.to_buffers(awkward.to_packed(values))
                    arrays = {key: array.tobytes() for key, array in buffers.items()}
                    found[f"{name}/{branch}"] = (form.to_json(), length, arrays)
            elif kind == "TH1D":
                parts = (
                    content.axis().edges(),
                    content.values(flow=True),
                    content.variances(flow=True),
                )
                found[name] = (content.title, *(part.tobytes() for part in parts))
            else:
                assert kind in ("TDirectory", "TObjString"), (
                    f"nothing says how to compare {name} of {file}, a {kind}"
                )
                found[name] = str(content)
    return found


def same_content(one: Path, other: Path) -> bool:
    """Whether two files have the same bytes; of ROOT files, the same objects, bit by bit.

    A file of another kind is a failure: it has to be told here how it is compared.
    """
    assert one.suffix in COMPARED, f"nothing says how to compare {one}"
    content = root_content if one.suffix == ".root" else Path.read_bytes
    return content(one) == content(other)


def same_bytes(one: Path, other: Path) -> None:
    """Assert that two folders hold the same files with the same content."""
    first, second = results(one), results(other)
    assert first.keys() == second.keys()
    assert first, f"{one} is empty"
    for name, file in first.items():
        assert same_content(file, second[name]), name
