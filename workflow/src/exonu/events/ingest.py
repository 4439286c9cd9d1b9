"""Ingest: from a user's raw files to calibrated events with the variables that cuts use.

A run or a sample becomes one file with the tree `events`: hits of live photomultipliers,
calibrated; the variables of `events.variables`; the weight. Everything that the files can get wrong
is said with file, branch and entry."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError, raise_all
from exonu.core.files import finite
from exonu.core.progress import Progress
from exonu.core.settings import Settings
from exonu.events.plausibility import Collected, run_notes
from exonu.events.raw.branches import Branches
from exonu.events.raw.channel_map import ChannelMap
from exonu.events.raw.raw_events import (
    Events,
    EventWriter,
    RawFile,
    look_into,
    read_raw,
    read_times,
)
from exonu.events.raw.root_files import read_metadata
from exonu.events.raw.time_order import in_order_of_time, out_of_order
from exonu.events.runs.run_list import Calibration, Run, RunList, Sample
from exonu.events.variables import raw_variables, time_since_previous_ms

_log = logging.getLogger(__name__)


@dataclass
class IngestReport:
    """What was ingested.

    Attributes:
        name: of the run or sample.
        n_events, n_hits: how many, hits of dead photomultipliers not counted.
        live_time_s: live time of the run [s]; None for a sample.
        first_time_s, last_time_s: times of its first and last event [s]; None without times.
        dead_hits: number of removed hits of each dead photomultiplier that had some.
        left_out: number of hits that were left out, or of negative ones that were kept, by reason.
        out_of_order: number of events that were earlier than one before them.
        empty_files: files of the run or sample without entries.
        medians: of `plausibility.QUANTITIES`; None where there is nothing.
        notes: what is hardly meant, in words.
    """

    name: str
    n_events: int = 0
    n_hits: int = 0
    live_time_s: float | None = None
    first_time_s: float | None = None
    last_time_s: float | None = None
    dead_hits: dict[int, int] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    out_of_order: int = 0
    empty_files: list[str] = field(default_factory=list)
    medians: dict[str, float | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_json(self) -> Settings:
        """The report with texts as keys."""
        return asdict(self) | {
            "dead_hits": {str(channel): count for channel, count in sorted(self.dead_hits.items())},
            "left_out": {reason: count for reason, count in sorted(self.left_out.items()) if count},
        }


@dataclass(frozen=True)
class Ingest:
    """How events are ingested, the same for all runs and samples.

    Attributes:
        branches: the branch map.
        n_channels: number of photomultipliers.
        runs: the run list.
        calibration: by run number, and of the `simulation`.
        early_window_ns: see `raw_variables`.
        mantissa_bits, chunk_bytes: how they are stored and read.
        sort_by_time: whether events of a run that are out of order are sorted, or refused.
        geometry_is_given: whether the events file names a geometry of its own.
    """

    branches: Branches
    n_channels: int
    runs: RunList
    calibration: Mapping[int | str, Calibration]
    early_window_ns: float
    mantissa_bits: int
    chunk_bytes: int
    sort_by_time: bool = False
    geometry_is_given: bool = False

    def run(self, number: int, output: str | Path, *, is_simulated: bool) -> IngestReport:
        """Ingest a run of data (or of simulated data) into one file."""
        run = self.runs[number]
        report = IngestReport(f"run {number}", live_time_s=run.live_time_s)
        events = self._run_events(run, report)
        collected = self._write(events, run.files, output, is_simulated, report)
        expression = self.branches.expressions.get("trigger")
        trigger = "" if expression is None else expression.text
        report.notes += run_notes(collected, run, trigger, self.geometry_is_given)
        if report.dead_hits:
            most = sorted(report.dead_hits.items())[:20]
            report.notes.append(
                f"{len(report.dead_hits)} dead photomultipliers have hits, which are removed: "
                + ", ".join(f"PMT {channel}: {count}" for channel, count in most)
            )
        for note in report.notes:
            _log.warning("%s: run %d: %s", self.runs.file, number, note)
        return report

    def sample(self, sample: Sample, output: str | Path) -> IngestReport:
        """Ingest a simulated sample into one file."""
        report = IngestReport(f"sample {sample.sample}")
        self._write(self._sample_events(sample, report), sample.files, output, True, report)
        for note in report.notes:
            _log.warning("sample %s: %s", sample.sample, note)
        return report

    def _write(
        self, chunks: Iterator[Events], files: tuple[Path, ...], output: str | Path, is_simulated: bool,
        report: IngestReport,
    ) -> Collected:  # fmt: skip
        found = [look_into(file, self.branches) for file in files]
        raise_all(disagreements(found))
        total = sum(file.n_entries for file in found)
        if not total:
            raise InputError(
                "is empty" + (", and so are all files of the run or sample" if found[1:] else ""),
                file=files[0],
                field=f"tree {self.branches.tree}",
                remedy="leave the run or sample out of the list",
            )
        report.empty_files = [str(file.path) for file in found if not file.n_entries]
        metadata = {"is_simulated": is_simulated, "raw": [read_metadata(file) for file in files]}
        writer = EventWriter(output, metadata, tree="events", mantissa_bits=self.mantissa_bits)
        collected = Collected(self.n_channels)
        with writer, Progress(f"ingest {report.name}", total) as progress:
            for events in chunks:
                writer.write(events)
                collected.add(events)
                report.n_events += len(events)
                report.n_hits += int(events.offsets[-1])
                progress.add(len(events))
        self._complete(report, collected)
        return collected

    def _complete(self, report: IngestReport, collected: Collected) -> None:
        report.first_time_s, report.last_time_s = map(finite, (collected.first_s, collected.last_s))
        report.medians = {name: finite(value) for name, value in collected.median_values().items()}
        kept = "kept" if self.branches.negative_charges == "keep" else "left out"
        if count := report.left_out["negative"]:
            report.notes.append(f"{count} hits have a negative charge, and are {kept}")
        if report.out_of_order:
            report.notes.append(
                f"{report.out_of_order} events were earlier than one before them, and are sorted"
            )
        if report.empty_files:
            report.notes.append(f"empty files: {', '.join(report.empty_files)}")

    def _read(self, file: Path, report: IngestReport) -> Iterator[Events]:
        return read_raw(
            file, self.branches, n_channels=self.n_channels, chunk_bytes=self.chunk_bytes,
            allow_empty=True, tally=report.left_out,
        )  # fmt: skip

    def _run_events(self, run: Run, report: IngestReport) -> Iterator[Events]:
        has_time = "time_s" in self.branches.expressions
        chunks = self._of_run(run, report)
        if has_time and self.sort_by_time:
            time_s = np.concatenate(
                [part for file in run.files for part in self._times(file)] or [np.empty(0)]
            )
            report.out_of_order = out_of_order(time_s)
            if report.out_of_order:
                chunks = in_order_of_time(chunks, time_s)
        before = 0.0
        for events in chunks:
            since = np.full(len(events), np.inf)
            if has_time:
                since = time_since_previous_ms(events.time_s, before)
            before = float(events.time_s[-1])
            weight = np.ones(len(events))
            yield self._finished(events, since, weight, self.calibration[run.run], report)

    def _times(self, file: Path) -> Iterator[NDArray[Any]]:
        return read_times(file, self.branches, self.chunk_bytes)

    def _of_run(self, run: Run, report: IngestReport) -> Iterator[Events]:
        """The raw events of a run as they stand in its files, checked."""
        has_run = "run" in self.branches.expressions
        has_time = "time_s" in self.branches.expressions
        before = 0.0
        for file in run.files:
            entry = 0
            for events in self._read(file, report):
                if has_run:
                    _check_run(events.run, run.run, file, entry, self.runs.file)
                if has_time and not self.sort_by_time:
                    _check_order(events.time_s, before, file, entry)
                before = float(events.time_s[-1])
                entry += len(events)
                yield replace(events, run=np.full(len(events), run.run, dtype=np.uint32))

    def _sample_events(self, sample: Sample, report: IngestReport) -> Iterator[Events]:
        entry = 0
        for file in sample.files:
            for events in self._read(file, report):
                if sample.runs == "shared":
                    entries = entry + np.arange(len(events))
                    events = replace(events, run=self.runs.shared_by_live_time(entries))
                entry += len(events)
                weight = np.ones(len(events)) if events.weight is None else events.weight
                if (negative := np.flatnonzero(weight < 0)).size:
                    raise InputError(
                        f"is negative ({weight[negative[0]]:g})",
                        file=file,
                        field=f"branch weight, entry {entry - len(events) + negative[0]}",
                        remedy="weights are expected numbers of events",
                    )
                alone = np.full(
                    len(events), np.inf
                )  # every simulated event has the detector to itself
                per_day = (
                    weight / sample.equivalent_live_days
                )  # the activity's prior belongs to the model, not here
                yield self._finished(events, alone, per_day, self.calibration["simulation"], report)

    def _finished(
        self, events: Events, since_ms: NDArray[Any], weight: NDArray[Any], calibration: Calibration,
        report: IngestReport,
    ) -> Events:  # fmt: skip
        """Events without the hits of dead photomultipliers, calibrated, with their variables. The
        run's time offset is behind them: times count from the first hit."""
        events = self._without_dead(events, report)
        events = replace(
            events,
            charge=(events.charge / np.float32(calibration.gain)).astype(np.float32),
            weight=weight,
        )
        return events.with_columns(
            time_since_previous_ms=since_ms,
            light_yield_scale=np.full(len(events), calibration.light_yield),
            **raw_variables(events, early_window_ns=self.early_window_ns),
        )

    def _without_dead(self, events: Events, report: IngestReport) -> Events:
        runs, place = np.unique(events.run, return_inverse=True)
        masks = self.runs.dead_masks(runs, self.n_channels)
        dead = masks[np.repeat(place, events.n_hits), events.channel]
        channels, counts = np.unique(events.channel[dead], return_counts=True)
        for channel, count in zip(channels.tolist(), counts.tolist(), strict=True):
            report.dead_hits[channel] = report.dead_hits.get(channel, 0) + count
        return events.with_hits(~dead)


def ingest(settings: Settings, output: str | Path) -> IngestReport:
    """Run one ingest job.

    Args:
        settings: of `event_inputs.EventInputs.ingest_settings`, also after a way through JSON.
        output: the ingested file.
    """
    runs = RunList.from_settings(settings)
    calibration = Calibration(**settings["calibration"])
    job = Ingest(
        branches=Branches.from_settings(
            settings["branches"],
            settings["file"],
            ChannelMap.from_settings(settings.get("channel_map")),
        ),
        n_channels=settings["n_channels"],
        runs=runs,
        calibration={settings.get("run", "simulation"): calibration},
        early_window_ns=float(settings["variables"]["early_window_ns"]),
        mantissa_bits=settings["storage"]["mantissa_bits"],
        chunk_bytes=round(1e6 * settings["storage"]["chunk_MB"]),
        sort_by_time=settings["branches"]["sort_by_time"],
        geometry_is_given=settings.get("geometry_is_given", False),
    )
    if "run" in settings:
        return job.run(settings["run"], output, is_simulated=settings["is_simulated"])
    row = settings["sample"]
    files = tuple(map(Path, row["files"]))
    return job.sample(Sample(**{**row, "files": files, "component": "", "variation": ""}), output)


def disagreements(files: Sequence[RawFile]) -> Iterator[InputError]:
    """A fault for each file of a run or sample that has other quantities of simulation than the
    first: they are there for all events or for none."""
    full = [file for file in files if file.n_entries] or list(files)
    for file in full[1:]:
        for name in sorted(file.optional ^ full[0].optional):
            with_it, without = (file, full[0]) if name in file.optional else (full[0], file)
            yield InputError(
                f"is not in the file, and is in {with_it.path} of the same run or sample",
                file=without.path,
                field=f"branch {name}",
                remedy="all of its files need it, or none; list them as samples of their own",
            )


def _check_run(found: NDArray[Any], run: int, file: Path, entry: int, run_list: Path) -> None:
    if (wrong := np.flatnonzero(found != run)).size:
        raise InputError(
            f"is run {found[wrong[0]]}, and {run_list} lists the file under run {run}",
            file=file,
            field=f"branch run, entry {entry + wrong[0]}",
            remedy="correct the run list, or leave `branches.run` empty if the branch means something else",
        )


def _check_order(time_s: NDArray[Any], before: float, file: Path, entry: int) -> None:
    if (wrong := np.flatnonzero(np.diff(time_s, prepend=before) < 0)).size:
        previous = before if wrong[0] == 0 else time_s[wrong[0] - 1]
        raise InputError(
            f"goes back in time ({time_s[wrong[0]]:.9g} s after {previous:.9g} s)",
            file=file,
            field=f"branch time_s, entry {entry + wrong[0]}",
            remedy="list the files of a run in the order of time, which counts from the start of the run, or set "
            "branches.sort_by_time",
        )
