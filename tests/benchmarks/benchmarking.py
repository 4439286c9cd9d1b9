"""What the benchmarks share: times of repeats, records, and their table, JSON and figure.

Times are CPU seconds of this process on one thread, so that a machine that others use gives sane
numbers, too; wall times are said to be such."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- begin of the table -->", "<!-- end of the table -->"
COLUMNS = ("what", "unit", "exonu", "floor", "peer", "peer's name", "ratio")
SECONDS = {"µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0}
VERSIONS = ("exonu", "numpy", "scipy", "numba", "uproot", "pyhf", "snakemake")


@dataclass(frozen=True)
class Record:
    """A row of the table.

    Attributes:
        group, what: where it stands, and what is measured.
        unit: a time (µs, ms, s, min), MB, or a rate (anything per s).
        exonu: the repeats, in the unit.
        peer, peer_name: repeats of the peer, if there is one, and who it is.
        floor: what the project demands of itself.
    """

    group: str
    what: str
    unit: str
    exonu: list[float]
    peer: list[float] | None = None
    peer_name: str = ""
    floor: float | None = None

    def against(self, other: list[float] | float | None) -> float | None:
        """How many times as good the median is as another's: the quotient of rates, or of times the
        other way round."""
        if other is None:
            return None
        quotient = float(np.median(self.exonu) / np.median(other))
        return quotient if self.unit.endswith("/s") else 1 / quotient


# --- times
# -------------------------------------------------------------------------------------------------------


def cpu_seconds(
    work: Callable[[], object], repeats: int = 5, *, calls: int = 1, warm_up: bool = True
) -> list[float]:
    """CPU seconds of a call, once for each repeat, after one that compiles and fills caches.

    Args:
        work: what is measured.
        repeats: number of measurements.
        calls: calls of which a measurement is the mean; more than one for what takes microseconds.
        warm_up: whether to call it once before.
    """
    if warm_up:
        work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        for _ in range(calls):
            work()
        times.append((time.process_time() - start) / calls)
    return times


def times(unit: str, work: Callable[[], object], repeats: int = 5, **options: Any) -> list[float]:
    """`cpu_seconds` in a unit."""
    return [seconds / SECONDS[unit] for seconds in cpu_seconds(work, repeats, **options)]


def rates(
    number: float, work: Callable[[], object], repeats: int = 5, **options: Any
) -> list[float]:
    """So many things per CPU second, if `work` does `number` of them."""
    return [number / seconds for seconds in cpu_seconds(work, repeats, **options)]


# --- a measurement
# -----------------------------------------------------------------------------------------------


def session() -> dict[str, Any]:
    """When, where and with what is measured, with no records yet: as it goes into JSON."""
    return {
        "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_GB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
            "system": f"{platform.system()} {platform.machine()}",
            "load": round(os.getloadavg()[0], 1),
        },
        "commit": _git("describe", "--always", "--dirty", "--abbrev=10"),
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in VERSIONS},
        "records": [],
    }


def records_of(measured: dict[str, Any]) -> list[Record]:
    """The records of a measurement that was read from JSON."""
    return [Record(**record) for record in measured["records"]]


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.is_file() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")),
        "processor unknown",
    )


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def described(measured: dict[str, Any]) -> str:
    """Date, machine, commit and versions in one line."""
    machine = measured["machine"]
    names = ", ".join(f"{name} {number}" for name, number in measured["versions"].items())
    return (
        f"{measured['date']}, {machine['system']}, {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_GB']} GB, load {machine['load']}; commit {measured['commit']}; {names}."
    )


# --- the table
# ---------------------------------------------------------------------------------------------------


def number(value: float) -> str:
    """Three digits, without powers of ten.

    >>> number(0.33333), number(1234567.0), number(64.94)
    ('0.333', '1,230,000', '64.9')
    """
    digits = 2 - int(np.floor(np.log10(abs(value)))) if value else 0
    return f"{round(value, digits):,.{max(digits, 0)}f}"


def with_spread(values: list[float]) -> str:
    """Median, and the smallest and largest if there are several.

    >>> with_spread([3.0, 1.0, 2.0]), with_spread([2.0])
    ('2.00 (1.00-3.00)', '2.00')
    """
    median = number(float(np.median(values)))
    return f"{median} ({number(min(values))}-{number(max(values))})" if len(values) > 1 else median


def cells(record: Record) -> list[str]:
    """A row of the table, by COLUMNS."""
    ratio = record.against(record.peer)
    return [
        record.what,
        record.unit,
        with_spread(record.exonu),
        "" if record.floor is None else number(record.floor),
        "" if record.peer is None else with_spread(record.peer),
        record.peer_name,
        "" if ratio is None else number(ratio),
    ]


def as_text(records: list[Record]) -> str:
    """The table for a terminal."""
    rows = [cells(record) for record in records]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    lines = ["  ".join(name.ljust(width) for name, width in zip(COLUMNS, widths, strict=True))]
    for group, members in groupby(records, key=lambda record: record.group):
        lines.append(f"\n{group}")
        for row in map(cells, members):
            aligned = [
                text.rjust(w) if k in (2, 3, 4, 6) else text.ljust(w)
                for k, (text, w) in enumerate(zip(row, widths, strict=True))
            ]
            lines.append("  ".join(aligned))
    return "\n".join(line.rstrip() for line in lines)


def as_markdown(measured: dict[str, Any]) -> str:
    """The table for the documentation, under a line that says when and where it was measured."""
    lines = [
        described(measured),
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "|---|---|---:|---:|---:|---|---:|",
    ]
    for group, members in groupby(records_of(measured), key=lambda record: record.group):
        lines.append(f"| **{group}** |" + " |" * (len(COLUMNS) - 1))
        lines += ["| " + " | ".join(cells(record)) + " |" for record in members]
    return "\n".join(lines)


def write_between_marks(file: Path, text: str) -> None:
    """Replace what is between the marks of a document."""
    before, rest = file.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    file.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


# --- output
# ------------------------------------------------------------------------------------------------------


def write_json(file: Path, measured: dict[str, Any]) -> None:
    """Write a measurement."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def draw(measured: dict[str, Any], files: Iterable[Path]) -> None:
    """How many times as fast as its peers exonu is, and how much better than its floors, a row for
    each."""
    from exonu.report.figures import style

    records = records_of(measured)
    parts = (
        (
            [(record, record.against(record.peer)) for record in records if record.peer],
            "times as fast as the peer",
        ),
        (
            [(record, record.against(record.floor)) for record in records if record.floor],
            "times better than the floor",
        ),
    )
    heights = [len(rows) + 2 for rows, _ in parts]
    with style.styled():
        figure = style.new_figure(0.6 + 0.19 * sum(heights), width_inches=7.5)
        both = figure.subplots(2, 1, height_ratios=heights)
        for axes, (rows, label), colour, marker in zip(
            both, parts, (style.BLUE, style.VERMILLION), "oD", strict=True
        ):
            _draw_ratios(axes, rows, colour, marker)
            axes.set_xlabel(label)
        title = (
            f"{measured['date']}, {measured['machine']['processor']}, commit {measured['commit']}"
        )
        both[0].set_title(title, loc="left")
        style.save(figure, files, 200)


def _draw_ratios(axes: Any, rows: list[tuple[Record, float]], colour: str, marker: str) -> None:
    """A line from 1 to each ratio, with what it is on the left and the number at its end."""
    places, ratios = np.arange(len(rows)), np.array([ratio for _, ratio in rows])
    axes.hlines(places, 1, ratios, colors=colour, lw=1.5)
    axes.plot(ratios, places, marker, color=colour, ms=5, ls="none")
    for place, (record, ratio) in enumerate(rows):
        text = number(ratio) + (f"  {record.peer_name.split(':')[0]}" if marker == "o" else "")
        axes.annotate(
            text,
            (max(ratio, 1), place),
            (7, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    axes.axvline(1, color="black", lw=0.8)
    names = [
        f"{record.what}: {number(float(np.median(record.exonu)))} {record.unit}"
        for record, _ in rows
    ]
    axes.set_yticks(places, names, fontsize=8)
    axes.minorticks_off()
    axes.tick_params(axis="y", length=0)
    axes.set(xscale="log", ylim=(len(rows) - 0.4, -0.6))
    low, high = axes.get_xlim()
    axes.set_xlim(low, high * (high / low) ** (1.0 if marker == "o" else 0.15))  # room for the text


def main(records: Callable[[], Iterable[Record]]) -> None:
    """Of a single script: print its rows as they come, then its table."""
    found = []
    for record in records():
        found.append(record)
        print("  ".join(filter(None, cells(record))), flush=True)
    print("\n" + as_text(found))
