"""Reconstructed events of one run or sample, from a user's table to the file that selection reads.

Everything that a table can get wrong is said with file, column and row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.files import finite
from exonu.core.progress import Progress
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.events.ingest import IngestReport
from exonu.events.plausibility import Collected, time_notes
from exonu.events.raw.writer import ROWS_PER_BASKET, ColumnWriter
from exonu.events.runs.run_list import SECONDS_PER_DAY, Run, RunList
from exonu.events.tabular.column_files import CHUNK_ROWS, ColumnFile, Columns, open_columns
from exonu.events.tabular.column_map import FROM_EPOCH, Column, ColumnMap
from exonu.events.variables import COS_ZENITH
from exonu.solar.sun_position import cos_zenith

TREE = "events"
ENERGY, TIME, RUN = "energy_keVee", "time_s", "run"


@dataclass
class TableReader:
    """Reads the tables of one run or sample.

    Attributes:
        columns: the map.
        runs: the run, or those that a sample's events are given to.
        origin: when the first run of the analysis began; `days` count from it.
        row: the sample's row; None for data.
        report: what was read.
        site: latitude and longitude, where the Sun's height is asked for.
    """

    columns: ColumnMap
    runs: RunList
    origin: datetime
    row: Mapping[str, Any] | None
    report: IngestReport
    site: Mapping[str, float] | None = None
    collected: Collected = field(default_factory=lambda: Collected(0))

    @property
    def is_simulation(self) -> bool:
        """Whether it is a sample."""
        return self.row is not None

    @property
    def read(self) -> tuple[Column, ...]:
        """What is read of the files."""
        has_runs = self.row is not None and self.row["runs"] == "file"
        return self.columns.of(is_simulation=self.is_simulation, has_runs=has_runs)

    def chunks(self, files: Sequence[Path]) -> Iterator[dict[str, NDArray[Any]]]:
        """Events of the files, chunk by chunk: every variable by its name.

        Raises:
            InputError: see `ColumnFile`; values that are not there, of another run, not in the order
                of time, or negative where they cannot be.
        """
        entry, before = 0, -np.inf
        for path in files:
            with open_columns(path, self.columns.tree) as file:
                wanted = self.columns.wanted(self.read)
                file.require(wanted)
                n_in_file = 0
                for start, columns in file.chunks(list(wanted)):
                    events, kept = self._mapped(file, columns, start)
                    n_in_file += len(kept)
                    events = self._completed(events, entry + kept, file, start)
                    entry += len(next(iter(columns.values())))
                    if TIME in events and not self.is_simulation:
                        before = _check_order(events[TIME], before, file, start + kept)
                    yield events
                if not n_in_file:
                    self.report.empty_files.append(str(path))

    def _mapped(
        self, file: ColumnFile, columns: Columns, start: int
    ) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
        """The variables that the map names, and which rows of the chunk they are of."""
        n = len(next(iter(columns.values())))
        values = {one.variable: one.evaluate(columns, n) for one in self.read}
        there = np.ones(n, dtype=bool)
        for one in self.read:
            if one.may_be_missing or values[one.variable].dtype.kind != "f":
                continue
            finite_values = np.isfinite(values[one.variable])
            if not self.columns.drops and not finite_values.all():
                wrong = int(np.argmin(finite_values))
                raise InputError(
                    f"is {values[one.variable][wrong]}", file=file.path,
                    field=f"{_named(file, one)}, row {start + wrong}",
                    remedy="write finite numbers, or leave such events out by `columns: {no_value: drop}`",
                )  # fmt: skip
            there &= finite_values
        kept = np.flatnonzero(there)
        if len(kept) < n:
            self.report.left_out["without a value"] += n - len(kept)
            values = {name: column[kept] for name, column in values.items()}
        return {
            one.variable: _cast(values[one.variable], one, file, start + kept) for one in self.read
        }, kept

    def _completed(
        self,
        events: dict[str, NDArray[Any]],
        entries: NDArray[np.int64],
        file: ColumnFile,
        start: int,
    ) -> dict[str, NDArray[Any]]:
        """What every event has, beside what the map names."""
        n = len(entries)
        if self.columns.has_plane:
            events["r_cm"] = np.hypot(events["x_cm"], events["y_cm"])
        events.setdefault("event", entries.astype(np.uint64))
        if self.row is None:
            run = self.runs.runs[0]
            if RUN in events:
                _check_run(events[RUN], run, file, start, self.runs.file)
            events[RUN] = np.full(n, run.run, dtype=np.uint32)
            events["weight"] = np.ones(n)
            if TIME in events and self.columns.time_from == FROM_EPOCH:
                events[TIME] = events[TIME] - run.start.replace(tzinfo=UTC).timestamp()
        else:
            self._simulated(events, entries, file)
        if TIME in events:
            starts = {run.run: (run.start - self.origin).total_seconds() for run in self.runs.runs}
            numbers, place = np.unique(events[RUN], return_inverse=True)
            first = np.array([starts[int(number)] for number in numbers])
            since = events[TIME] + (first[place] if n else 0.0)
            events["days"] = since / SECONDS_PER_DAY
            if self.site is not None:
                events[COS_ZENITH] = cos_zenith(
                    since + self.origin.replace(tzinfo=UTC).timestamp(),
                    self.site["latitude_deg"],
                    self.site["longitude_deg"],
                )
        return events

    def _simulated(
        self, events: dict[str, NDArray[Any]], entries: NDArray[np.int64], file: ColumnFile
    ) -> None:
        """Weight per day, and run and time, over which simulated events are spread evenly."""
        assert self.row is not None
        weight = events.get("weight", np.ones(len(entries)))
        if len(negative := np.flatnonzero(weight < 0)):
            raise InputError(
                f"is negative ({weight[negative[0]]:g})", file=file.path,
                field=f"columns.weight, row {entries[negative[0]]}", remedy="weights are expected numbers of events",
            )  # fmt: skip
        events["weight"] = weight / float(self.row["equivalent_live_days"])
        if self.row["runs"] == "shared":
            events[RUN], moment = self.runs.moments_by_live_time(entries)
        else:
            _check_known(events[RUN], self.runs, file, entries)
            moment = self.runs.moments_in_runs(events[RUN], entries)
        if any(one.variable == TIME for one in self.columns.columns):
            events[TIME] = moment


def read_reconstructed(settings: Settings, output: str | Path) -> IngestReport:
    """Run one job of the step `read_reconstructed`.

    Args:
        settings: of `event_inputs.EventInputs.table_settings`, also after a way through JSON.
        output: file with the tree `events`: one row per event.

    Returns:
        What was read.
    """
    row, runs = settings.get("sample"), RunList.from_settings(settings)
    files = [Path(file) for file in (row["files"] if row else runs.runs[0].files)]
    report = IngestReport(f"sample {row['sample']}" if row else f"run {settings['run']}")
    report.live_time_s = None if row else runs.runs[0].live_time_s
    columns = ColumnMap.from_settings(settings["columns"], settings["file"])
    origin = datetime.fromisoformat(settings["origin"])
    reader = TableReader(columns, runs, origin, row, report, settings.get("site"))
    metadata = {"is_simulated": settings["is_simulated"] or row is not None}
    with (
        ColumnWriter(output, TREE, metadata, entries_per_basket=ROWS_PER_BASKET) as writer,
        Progress(f"read {report.name}") as progress,
    ):
        for events in reader.chunks(files):
            writer.write(events)
            report.n_events += len(events["weight"])
            _collect(reader.collected, events)
            progress.add(len(events["weight"]))
        if not report.n_events:
            raise InputError(
                "holds no event", file=files[0], remedy="leave the run or sample out of the list"
            )
    _complete(report, reader, runs.runs[0])
    return report


def _collect(collected: Collected, events: Mapping[str, NDArray[Any]]) -> None:
    n = len(events["weight"])
    collected.n_events += n
    collected.reconstructed.add(np.asarray(events[ENERGY], dtype=np.float64))
    if TIME in events and n:
        collected.first_s = float(np.fmin(collected.first_s, events[TIME].min()))
        collected.last_s = float(np.fmax(collected.last_s, events[TIME].max()))


def _complete(report: IngestReport, reader: TableReader, run: Run) -> None:
    collected = reader.collected
    report.first_time_s, report.last_time_s = map(finite, (collected.first_s, collected.last_s))
    report.medians = {ENERGY: finite(collected.reconstructed.value)}
    if not reader.is_simulation and np.isfinite(collected.last_s):
        report.notes += time_notes(collected, run, "columns.time")
    if count := report.left_out["without a value"]:
        report.notes.append(f"{count} events have no value of a mapped quantity, and are left out")
    if report.empty_files:
        report.notes.append(f"empty files: {', '.join(report.empty_files)}")


def _cast(
    values: NDArray[Any], column: Column, file: ColumnFile, rows: NDArray[np.int64]
) -> NDArray[Any]:
    """Values in the type in which they are stored, which must hold them."""
    if np.issubdtype(column.kind, np.integer):
        limits = np.iinfo(column.kind)
        wrong = np.flatnonzero((values % 1 != 0) | (values < 0) | (values > limits.max))
        if len(wrong):
            raise InputError(
                f"is {values[wrong[0]]:g}, not a whole number from 0 to {limits.max}", file=file.path,
                field=f"{_named(file, column)}, row {rows[wrong[0]]}", remedy="change its expression",
            )  # fmt: skip
    return np.ascontiguousarray(values, dtype=column.kind)


def _named(file: ColumnFile, column: Column) -> str:
    text = column.expression.text
    return f"{file.place} {text}" if column.expression.is_name else f"columns.{column.key}: {text}"


def _check_run(found: NDArray[Any], run: Run, file: ColumnFile, start: int, run_list: Path) -> None:
    if (wrong := np.flatnonzero(found != run.run)).size:
        raise InputError(
            f"is run {found[wrong[0]]}, and {run_list} lists the file under run {run.run}", file=file.path,
            field=f"columns.run, row {start + wrong[0]}",
            remedy="correct the run list, or leave `columns.run` out if the column means something else",
        )  # fmt: skip


def _check_known(
    found: NDArray[Any], runs: RunList, file: ColumnFile, rows: NDArray[np.int64]
) -> None:
    """Runs of simulated events, which the sample's file says, are in the run list."""
    known = [run.run for run in runs.runs]
    if (wrong := np.flatnonzero(~np.isin(found, known))).size:
        raise InputError(
            f"is run {found[wrong[0]]}, which is not in {runs.file}", file=file.path,
            field=f"columns.run, row {rows[wrong[0]]}",
            remedy="correct the run list, or write `shared` for the sample's `runs`",
        )  # fmt: skip


def _check_order(time_s: Array, before: float, file: ColumnFile, rows: NDArray[np.int64]) -> float:
    """Time of the last event, after the order of all has been checked."""
    if not len(time_s):
        return before
    wrong = np.flatnonzero(np.diff(time_s, prepend=before) < 0)
    if len(wrong):
        previous = time_s[wrong[0] - 1] if wrong[0] else before
        raise InputError(
            f"is {time_s[wrong[0]]:.10g} s, before the event above it ({previous:.10g} s)", file=file.path,
            field=f"columns.time, row {rows[wrong[0]]}",
            remedy="sort the events of a run by time, and list its files in their order",
        )  # fmt: skip
    return float(time_s[-1])


def faults_of_tables(
    settings: Settings, groups: Sequence[tuple[str, Sequence[Path]]]
) -> list[InputError]:
    """What a look at all tables of an analysis finds: files that cannot be read, columns that are not
    there, first rows that are no numbers.

    Args:
        settings: the block `columns`, and `file`, in which it stands.
        groups: names of runs and samples, with their files.
    """
    columns = ColumnMap.from_settings(settings["columns"], settings["file"])
    found: list[InputError] = []
    for name, files in groups:
        wanted = columns.wanted(columns.of(is_simulation=name.startswith("sample ")))
        for path in files:
            try:
                with open_columns(path, columns.tree) as file:
                    file.require(wanted)
                    next(iter(file.chunks(list(wanted), min(CHUNK_ROWS, 1000))), None)
            except InputError as fault:
                found.append(fault)
    return found
