"""Seeded mutations of every kind of input, and what the command that reads it makes of each: the
property that no public command ends in a traceback, whatever the file, and a count of what is
accepted without a word.

    python tests/bad_inputs/mutations.py 10000 [first seed] [--only=KIND] [-v]   the table of docs/plausibility.md

Mutation number n is the same for ever: its number alone says what was changed."""

# ruff: noqa: E501 (one kind of input per line)

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import random
import re
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE.parent / "archive"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))

import yaml  # noqa: E402
from archived_analysis import make_archive, make_results  # noqa: E402
from published_inputs import (  # noqa: E402
    read_tables,
    write_as_it_comes,
    write_reconstructed,
    write_response,
)
from valid_inputs import write_events, write_root, write_workspace  # noqa: E402

from exonu.cli import main  # noqa: E402
from exonu.core.errors import InputError  # noqa: E402
from exonu.core.files import write_json  # noqa: E402
from exonu.core.resources import resource_path  # noqa: E402
from exonu.core.settings import merged, read_yaml  # noqa: E402
from exonu.events.ingest import ingest  # noqa: E402
from exonu.events.raw.root_files import read_columns  # noqa: E402
from exonu.events.runs.read_inputs import read_event_inputs  # noqa: E402
from exonu.search.analysis import default_settings, read_config  # noqa: E402
from exonu.search.build_workspaces import build_workspaces, write_meaning  # noqa: E402
from exonu.search.event_analysis import event_inputs  # noqa: E402
from exonu.search.experiment.read_experiment import read_experiment  # noqa: E402
from exonu.search.workspace import Workspace  # noqa: E402

LONGEST_S = 60
OUTCOMES = ("refused", "noted", "without effect", "accepted", "hang", "traceback")


class Outcome(NamedTuple):
    """What came of one mutation: its kind of input, what was done, one of `OUTCOMES`, and the message."""

    kind: str
    change: str
    result: str
    said: str


# --- what reads the inputs: each gives text that is equal for equal results, and notes --------------------------------


def command(*words: str) -> Callable[[Path], tuple[str, list[str]]]:
    """A command of the command line; `@` stands for the folder."""

    def run(folder: Path) -> tuple[str, list[str]]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([word.replace("@", str(folder)) for word in words])
        if code:
            raise InputError(err.getvalue())
        said = out.getvalue()
        answer = json.loads(said) if said.startswith("{") else {}
        if (
            "payload_sha256" in answer
        ):  # other bytes, other digests: what counts is that all is found right
            answer = {key: answer[key] for key in ("workspaces", "limits", "analysis")}
        notes = answer.get("notes", [])
        return json.dumps({**answer, "notes": None}, sort_keys=True) if answer else said, notes

    return run


def written(name: str, *words: str) -> Callable[[Path], tuple[str, list[str]]]:
    """A command of the command line that writes the file `name`: its answer, and a digest of what it wrote."""
    answered = command(*words)

    def run(folder: Path) -> tuple[str, list[str]]:
        (folder / name).unlink(missing_ok=True)
        text, notes = answered(folder)
        content = (folder / name).read_bytes()
        return text + hashlib.sha256(content).hexdigest(), notes

    return run


def checked(folder: Path) -> tuple[str, list[str]]:
    """What `exonu check` says of the analysis `mine`."""
    with contextlib.chdir(folder):
        return command("check", "mine")(folder)


def planned_events(folder: Path) -> tuple[str, list[str]]:
    """What planning makes of an analysis of events."""
    file = folder / "config" / "config.yaml"
    inputs = [event_inputs(analysis) for analysis in read_config(read_yaml(file), file)]
    return repr(inputs), []


def ingested(folder: Path) -> tuple[str, list[str]]:
    """What the step `ingest` makes of a run: every column of numbers, and its report."""
    made, report = folder / "made.root", folder / "report.json"
    settings = read_event_inputs(folder / "events.yaml", 642).ingest_settings(run=1)
    run_ingest(settings, made, report)
    columns = [
        {
            name: hashlib.sha256(values.tobytes()).hexdigest()
            for name, values in sorted(chunk.items())
        }
        for chunk in read_columns(made)
    ]
    content = json.loads(report.read_text())
    return json.dumps([columns, content], sort_keys=True, default=str), content.get("notes", [])


def run_ingest(settings: dict, made: Path, report: Path) -> None:
    """The step as a rule runs it."""
    write_json(report, ingest(settings, made).as_json())


# --- valid inputs ----------------------------------------------------------------------------------------------------


def write_template(folder: Path) -> None:
    """The template of `exonu init`, not blind, so that a change of the data is seen."""
    shutil.copytree(resource_path("template"), folder, dirs_exist_ok=True)
    file = folder / "analysis.yaml"
    file.write_text(file.read_text().replace("blind: true", "blind: false"))


def write_analyses(folder: Path) -> None:
    """`config/` with two experiments and an analysis that combines them."""
    for name in ("one", "other"):
        write_template(folder / "config" / name)
        file = folder / "config" / name / "experiment.yaml"
        file.write_text(re.sub(r"(?m)^name: .*", f"name: The {name} one", file.read_text()))
    (folder / "config" / "both.yaml").write_text(COMBINED)


COMBINED = """\
config_version: 1
experiments: [one, other]
combination: {shared: [solar_fluxes]}
interactions: {magnetic-moment: {flavours: [all]}}
physics: {solar_model: SFII-GS98}
statistics: {confidence_level: 0.9}
"""


def write_checked(folder: Path) -> None:
    """An analysis of events with its raw files, as `exonu check` reads it."""
    place = folder / "config" / "mine"
    place.mkdir(parents=True)
    write_root(place)
    (place / "analysis.yaml").write_text("config_version: 1\nevents: events.yaml\n")


def write_checked_template(folder: Path) -> None:
    """An analysis of a published spectrum, of two interactions only."""
    write_template(folder / "config" / "mine")
    file = folder / "config" / "mine" / "analysis.yaml"
    content = read_yaml(file)
    content["interactions"] = {
        "magnetic-moment": {"flavours": ["all"]},
        "dark-photon": {"masses_MeV": {"minimum": 0.1, "maximum": 1, "number": 2}},
    }
    file.write_text(yaml.safe_dump(content, sort_keys=False))


def write_joinable(folder: Path) -> None:
    """Two workspaces of exonu, of different experiments, with their pages."""
    settings = merged(
        default_settings(), {"interactions": {"magnetic-moment": {"flavours": ["all"]}}}
    )
    for name in ("one", "other"):
        write_template(folder / name)
        experiment = replace(
            read_experiment(folder / name / "experiment.yaml"), name=f"The {name} one"
        )
        (made,) = build_workspaces(experiment, "magnetic-moment", settings)
        write_meaning(folder, Workspace(name, made.spec, made.meaning))
        write_json(folder / f"{name}.json", made.spec)
        shutil.rmtree(folder / name)


def write_hs3(folder: Path) -> None:
    """A workspace as an HS3 document."""
    write_workspace(folder)
    command("hs3", "@/workspace.json", "-o", "@/document.json")(folder)


def write_true_archive(folder: Path) -> None:
    """An archive whose limits are found again."""
    make_results(folder / "results" / "mine")
    made = make_archive(folder / "results" / "mine")
    shutil.copy(made, folder / "archive.zip")
    shutil.rmtree(folder / "results")


class Kind(NamedTuple):
    """A kind of input: how a valid one is written, the files that are changed, and what reads them."""

    write: Callable[[Path], None]
    files: tuple[str, ...]
    read: Callable[[Path], tuple[str, list[str]]]
    change: str = "text"
    weight: int = 1


_EVENT_FILES = ("events.yaml", "analysis.yaml", "runs.tsv", "samples.tsv", "calibration.tsv")
KINDS = {
    "experiment (YAML)": Kind(write_template, ("experiment.yaml",), command("limit", "@", "--interaction", "magnetic-moment"), weight=4),
    "analysis (YAML)": Kind(write_template, ("analysis.yaml",), command("limit", "@", "--interaction", "millicharge"), weight=2),
    "spectrum (CSV)": Kind(write_template, ("spectrum.csv",), command("limit", "@", "--interaction", "magnetic-moment"), weight=4),
    "efficiency (CSV)": Kind(write_template, ("efficiency.csv",), command("limit", "@", "--interaction", "magnetic-moment"), weight=2),
    "workspace (JSON)": Kind(write_workspace, ("workspace.json",), command("limit", "@/workspace.json"), weight=4),
    "sidecar file of a workspace (YAML)": Kind(write_workspace, ("workspace.poi_map.yaml",), command("limit", "@/workspace.json")),
    "analysis of events (YAML, TSV)": Kind(write_events, tuple(f"config/mine/{name}" for name in _EVENT_FILES), planned_events, weight=4),
    "ROOT file": Kind(write_root, ("run1.root",), ingested, "bytes", 4),
    "archive (zip)": Kind(write_true_archive, ("archive.zip",), command("verify", "@/archive.zip"), "bytes", 1),
    "archive, repacked with right checksums": Kind(write_true_archive, ("archive.zip",), command("verify", "@/archive.zip"), "member", 2),
    "raw file, shown (ROOT)": Kind(write_root, ("run1.root",), written("event.png", "show", "@/run1.root", "3", "--events", "@/events.yaml", "-o", "@/event.png"), "bytes", 2),
    "branch map, shown (YAML)": Kind(write_root, ("events.yaml",), written("event.png", "show", "@/run1.root", "3", "--events", "@/events.yaml", "-o", "@/event.png")),
    "combination (YAML, CSV)": Kind(write_analyses, ("config/both.yaml", "config/one/experiment.yaml", "config/one/analysis.yaml", "config/other/spectrum.csv"), written("joined.json", "combine", "@/config/both.yaml", "--interaction", "magnetic-moment", "-o", "@/joined.json"), weight=3),
    "joined workspaces (JSON, YAML)": Kind(write_joinable, ("one.json", "other.json", "one.poi_map.yaml", "other.poi_map.yaml"), written("joined.json", "combine", "@/one.json", "@/other.json", "-o", "@/joined.json"), weight=3),
    "projection (YAML, CSV)": Kind(write_template, ("experiment.yaml", "spectrum.csv", "efficiency.csv"), command("project", "@/experiment.yaml", "--interaction", "magnetic-moment", "--exposure", "1,10"), weight=3),
    "projected workspace (JSON, YAML)": Kind(write_joinable, ("one.json", "one.poi_map.yaml"), command("project", "@/one.json", "--exposure", "1,10"), weight=2),
    "workspace, to HS3 (JSON)": Kind(write_workspace, ("workspace.json", "workspace.poi_map.yaml"), written("document.json", "hs3", "@/workspace.json", "-o", "@/document.json"), weight=2),
    "HS3, to a workspace (JSON)": Kind(write_hs3, ("document.json",), written("made.json", "hs3", "@/document.json", "-o", "@/made.json"), weight=3),
    "checked analysis (YAML, CSV)": Kind(write_checked_template, ("config/mine/analysis.yaml", "config/mine/experiment.yaml", "config/mine/spectrum.csv"), checked, weight=2),
    "checked analysis of events (YAML, TSV)": Kind(write_checked, ("config/mine/events.yaml", "config/mine/analysis.yaml", "config/mine/runs.tsv", "config/mine/samples.tsv"), checked, weight=2),
    "spectrum as it comes (YAML, tables)": Kind(write_as_it_comes, ("experiment.yaml", "experiment.yaml", "spectrum.csv", "efficiency.csv", "covariance.txt", "curve.txt"), command("limit", "@", "--interaction", "magnetic-moment"), weight=4),
    "response matrix (YAML, tables)": Kind(write_response, ("experiment.yaml", "experiment.yaml", "spectrum.csv", "response.txt"), command("limit", "@", "--interaction", "magnetic-moment"), weight=3),
    "reconstructed events (YAML, TSV, CSV)": Kind(write_reconstructed, ("events.yaml", "events.yaml", "runs.tsv", "samples.tsv", "run_1.csv", "signal.csv", "background.csv"), read_tables, weight=4),
    "checked raw file (ROOT)": Kind(write_checked, ("config/mine/run1.root", "config/mine/sample.root"), checked, "bytes", 2),
}  # fmt: skip


# --- changes ---------------------------------------------------------------------------------------------------------

_NUMBER = re.compile(rb"(?<![\w.])[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?(?![\w])")
_ODD_VALUES = (b"0", b"-1", b"1e308", b"1e-308", b"nan", b"inf", b"", b"abc", b"010", b"1:30", b"1_000", b"1,5", b"99999999999999999999", b"true", b"null", b"~", b"[]", b"{}", b"0x10", b"1e400")  # fmt: skip
_ODD_SIGNS = (b"\xc2\xa0", b"\0", b"\xef\xbb\xbf", b"\t", b"\r", b"\n", b'"', b"'", b"#", b"*a", b"&a", b"{", b"]", b":", b",", b"\xe2\x80\xae", b"\xff", b"\xe2\x88\x92")  # fmt: skip
_OTHER_FILES = (b"", b"\n", b"PAR1" + bytes(40), b"\x89HDF\r\n\x1a\n" + bytes(60), b"PK\x03\x04" + bytes(40), b"<!doctype html><p>404", b"version https://git-lfs.github.com/spec/v1\n", b"[" * 2000, b"root\0\0\xf6\xfe" + bytes(200))  # fmt: skip


def changed_text(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """A text with one change."""
    lines = content.split(b"\n")
    numbers = list(_NUMBER.finditer(content))
    place, line = rng.randrange(len(content) + 1), rng.randrange(len(lines))
    kind = rng.choice(_TEXT_CHANGES)
    if kind in ("number scaled", "number's sign", "number replaced", "number's digit") and numbers:
        match = rng.choice(numbers)
        old = match.group()
        new = {
            "number scaled": lambda: b"%g" % (float(old) * 10.0 ** rng.randint(-6, 6)),
            "number's sign": lambda: old[1:] if old.startswith(b"-") else b"-" + old,
            "number replaced": lambda: rng.choice(_ODD_VALUES),
            "number's digit": lambda: old[:-1] + b"%d" % rng.randrange(10),
        }[kind]()
        return content[: match.start()] + new + content[match.end() :], kind
    if kind == "line removed":
        return b"\n".join(lines[:line] + lines[line + 1 :]), kind
    if kind == "line twice":
        return b"\n".join(lines[: line + 1] + lines[line:]), kind
    if kind == "lines swapped":
        other = rng.randrange(len(lines))
        lines[line], lines[other] = lines[other], lines[line]
        return b"\n".join(lines), kind
    if kind == "truncated":
        return content[:place], kind
    if kind == "odd character":
        return content[:place] + rng.choice(_ODD_SIGNS) + content[place:], kind
    if kind == "another file":
        return rng.choice(_OTHER_FILES), kind
    if kind == "word replaced":
        words = list(re.finditer(rb"[A-Za-z_]{3,}", content))
        if words:
            match, other = rng.choice(words), rng.choice(words)
            return content[: match.start()] + other.group() + content[match.end() :], kind
    place = min(place, len(content) - 1)
    if kind == "character removed":
        return content[:place] + content[place + 1 :], kind
    return content[:place] + bytes([content[place] ^ (1 << rng.randrange(8))]) + content[
        place + 1 :
    ], "flipped bit"


_TEXT_CHANGES = ("number scaled", "number scaled", "number's sign", "number replaced", "number replaced", "number's digit", "line removed", "line twice", "lines swapped", "truncated", "odd character", "another file", "word replaced", "character removed", "flipped bit", "flipped bit")  # fmt: skip


def changed_bytes(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Bytes with one change."""
    kind = rng.choice(
        ("flipped bit",) * 4
        + ("flipped bits", "truncated", "zeros", "bytes inserted", "bytes removed", "another file")
    )
    place, length = rng.randrange(len(content)), rng.randint(1, 200)
    if kind.startswith("flipped"):
        made = bytearray(content)
        for at in (
            [place] if kind == "flipped bit" else [rng.randrange(len(content)) for _ in range(8)]
        ):
            made[at] ^= 1 << rng.randrange(8)
        return bytes(made), kind
    if kind == "truncated":
        return content[:place], kind
    if kind == "zeros":
        return content[:place] + bytes(length) + content[place + length :], kind
    if kind == "bytes inserted":
        return content[:place] + rng.randbytes(length) + content[place:], kind
    if kind == "bytes removed":
        return content[:place] + content[place + length :], kind
    return rng.choice(_OTHER_FILES), kind


def changed_member(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """An archive with a text member changed and all checksums made right again: what only the content betrays."""
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        members = {name: zipped.read(name) for name in zipped.namelist()}
    names = [n for n in members if n.startswith("payload/results") and not n.endswith(".png")] + [
        "run/git.json"
    ]
    name = rng.choice(names)
    members[name], change = changed_text(members[name], rng)
    manifest = json.loads(members.pop("manifest.json"))
    sums = {n: hashlib.sha256(c).hexdigest() for n, c in members.items()}
    lines = "".join(f"{sums[n]}  {n}\n" for n in sorted(sums) if n.startswith("payload/"))
    manifest["payload_sha256"] = hashlib.sha256(lines.encode()).hexdigest()
    members["payload.sha256"] = f"{manifest['payload_sha256']}\n".encode()
    manifest["members"] = {
        n: {"sha256": hashlib.sha256(c).hexdigest(), "size": len(c)} for n, c in members.items()
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        for n, c in {**members, "manifest.json": json.dumps(manifest).encode()}.items():
            zipped.writestr(n, c)
    return made.getvalue(), change


_CHANGES = {"text": changed_text, "bytes": changed_bytes, "member": changed_member}


# --- one mutation ----------------------------------------------------------------------------------------------------


def kind_of(seed: int) -> tuple[str, random.Random]:
    """The kind of input that mutation number `seed` changes, and the random numbers that say how."""
    rng = random.Random(seed)
    return rng.choices(list(KINDS), [kind.weight for kind in KINDS.values()])[0], rng


class Inputs:
    """Valid inputs, written once, and what is read of each; a mutation works on a copy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, tuple[Path, str, list[str]]] = {}

    def valid(self, name: str) -> tuple[Path, str, list[str]]:
        """A valid input's folder, its result and its notes."""
        if name not in self._known:
            folder = self.folder / f"valid{len(self._known)}"
            folder.mkdir(parents=True)
            KINDS[name].write(folder)
            self._known[name] = (folder, *self.result(name, folder))
        return self._known[name]

    def result(self, name: str, folder: Path) -> tuple[str, list[str]]:
        """What is read of an input, with the folder's name taken out."""
        text, notes = KINDS[name].read(folder)
        return text.replace(str(folder), "."), notes

    def outcome(self, seed: int) -> Outcome:
        """What comes of mutation number `seed`."""
        name, rng = kind_of(seed)
        valid, right, notes = self.valid(name)
        place = self.folder / "changed"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(valid, place)
        file = place / rng.choice(KINDS[name].files)
        content, change = _CHANGES[KINDS[name].change](file.read_bytes(), rng)
        file.write_bytes(content)
        try:
            with _within(LONGEST_S), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found, more = self.result(name, place)
        except InputError as error:
            return Outcome(name, change, "refused", str(error))
        except TimeoutError:
            return Outcome(name, change, "hang", f"seed {seed}")
        except (Exception, SystemExit):
            return Outcome(name, change, "traceback", f"seed {seed}: {traceback.format_exc()}")
        if found == right:
            return Outcome(name, change, "without effect", "")
        return Outcome(
            name, change, "noted" if set(more) - set(notes) else "accepted", f"seed {seed}"
        )


@contextlib.contextmanager
def _within(seconds: int) -> Iterator[None]:
    def late(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def table(counts: Counter[tuple[str, str]]) -> str:
    """Markdown: how many of each kind of input ended how."""
    rows = [
        "| input | mutations | " + " | ".join(OUTCOMES) + " |",
        "|---" * (len(OUTCOMES) + 2) + "|",
    ]
    for kind in [*dict.fromkeys(kind for kind, _ in counts), "all"]:
        of = {
            r: sum(n for (k, o), n in counts.items() if o == r and kind in (k, "all"))
            for r in OUTCOMES
        }
        rows.append(
            f"| {kind} | {sum(of.values())} | " + " | ".join(str(of[r]) for r in OUTCOMES) + " |"
        )
    return "\n".join(rows)


def run(number: int, first: int = 0, only: str = "") -> int:
    """Make that many mutations, of inputs whose name contains `only`, print two tables and every
    traceback; the exit status."""
    logging.disable(logging.CRITICAL)
    by_kind: Counter[tuple[str, str]] = Counter()
    accepted: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        inputs = Inputs(Path(folder))
        of_kind = (seed for seed in count(first) if only in kind_of(seed)[0])
        for seed in islice(of_kind, number):
            outcome = inputs.outcome(seed)
            by_kind[outcome.kind, outcome.result] += 1
            accepted[outcome.change, outcome.result] += 1
            if outcome.result in ("hang", "traceback"):
                print(outcome.kind, outcome.change, outcome.said, flush=True)
            elif outcome.result == "accepted" and "-v" in sys.argv:
                print(f"accepted: {outcome.kind}, {outcome.change}, {outcome.said}", flush=True)
    print(table(by_kind), table(accepted).replace("| input |", "| change |"), sep="\n\n")
    return int(any(result in ("hang", "traceback") for _, result in by_kind))


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    [only] = [word[7:] for word in sys.argv[1:] if word.startswith("--only=")] or [""]
    sys.exit(run(*(numbers or [1000]), only=only))
