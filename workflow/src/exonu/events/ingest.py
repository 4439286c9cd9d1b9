"""Ingest: from a user's raw files to calibrated events with the variables that cuts use.

A run or a sample becomes one file with the tree `events`: hits of live photomultipliers,
calibrated; the variables of `events.variables`; the weight. Everything that the files can get wrong
is said with file, branch and entry."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.progress import Progress
from exonu.core.settings import Settings
from exonu.events.raw.branches import Branches
from exonu.events.raw.raw_events import Events, EventWriter, count_entries, read_raw
from exonu.events.raw.root_files import read_metadata
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
        dead_hits: number of removed hits of each dead photomultiplier that had some.
    """

    name: str
    n_events: int = 0
    n_hits: int = 0
    live_time_s: float | None = None
    dead_hits: dict[int, int] = field(default_factory=dict)

    def as_json(self) -> Settings:
        """The report with texts as keys."""
        return asdict(self) | {
            "dead_hits": {str(channel): count for channel, count in sorted(self.dead_hits.items())}
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
    """

    branches: Branches
    n_channels: int
    runs: RunList
    calibration: Mapping[int | str, Calibration]
    early_window_ns: float
    mantissa_bits: int
    chunk_bytes: int

    def run(self, number: int, output: str | Path, *, is_simulated: bool) -> IngestReport:
        """Ingest a run of data (or of simulated data) into one file."""
        run = self.runs[number]
        report = IngestReport(f"run {number}", live_time_s=run.live_time_s)
        self._write(self._run_events(run, report), run.files, output, is_simulated, report)
        if report.dead_hits:
            _log.warning(
                "%s: run %d: %d dead photomultipliers have hits, which are removed: %s",
                self.runs.file,
                number,
                len(report.dead_hits),
                ", ".join(
                    f"PMT {channel}: {count}"
                    for channel, count in sorted(report.dead_hits.items())[:20]
                ),
            )
        return report

    def sample(self, sample: Sample, output: str | Path) -> IngestReport:
        """Ingest a simulated sample into one file."""
        report = IngestReport(f"sample {sample.sample}")
        self._write(self._sample_events(sample, report), sample.files, output, True, report)
        return report

    def _write(
        self, chunks: Iterator[Events], files: tuple[Path, ...], output: str | Path, is_simulated: bool,
        report: IngestReport,
    ) -> None:  # fmt: skip
        total = sum(count_entries(file, self.branches.tree) for file in files)
        metadata = {"is_simulated": is_simulated, "raw": [read_metadata(file) for file in files]}
        writer = EventWriter(output, metadata, tree="events", mantissa_bits=self.mantissa_bits)
        with writer, Progress(f"ingest {report.name}", total) as progress:
            for events in chunks:
                writer.write(events)
                report.n_events += len(events)
                report.n_hits += int(events.offsets[-1])
                progress.add(len(events))

    def _read(self, file: Path) -> Iterator[Events]:
        return read_raw(
            file, self.branches, n_channels=self.n_channels, chunk_bytes=self.chunk_bytes
        )

    def _run_events(self, run: Run, report: IngestReport) -> Iterator[Events]:
        has_run, has_time = (
            ("run" in self.branches.expressions),
            ("time_s" in self.branches.expressions),
        )
        before = 0.0
        for file in run.files:
            entry = 0
            for events in self._read(file):
                if has_run:
                    _check_run(events.run, run.run, file, entry, self.runs.file)
                if has_time:
                    _check_order(events.time_s, before, file, entry)
                events = replace(events, run=np.full(len(events), run.run, dtype=np.uint32))
                since = (
                    time_since_previous_ms(events.time_s, before)
                    if has_time
                    else np.full(len(events), np.inf)
                )
                before = float(events.time_s[-1])
                entry += len(events)
                yield self._finished(
                    events, since, np.ones(len(events)), self.calibration[run.run], report
                )

    def _sample_events(self, sample: Sample, report: IngestReport) -> Iterator[Events]:
        entry = 0
        for file in sample.files:
            for events in self._read(file):
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
        """Events without the hits of dead photomultipliers, calibrated, with their variables."""
        events = self._without_dead(events, report)
        events = replace(
            events,
            charge=(events.charge / np.float32(calibration.gain)).astype(np.float32),
            time=(events.time - np.float32(calibration.time_offset_ns)).astype(np.float32),
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
        branches=Branches.from_settings(settings["branches"], settings["file"]),
        n_channels=settings["n_channels"],
        runs=runs,
        calibration={settings.get("run", "simulation"): calibration},
        early_window_ns=float(settings["variables"]["early_window_ns"]),
        mantissa_bits=settings["storage"]["mantissa_bits"],
        chunk_bytes=round(1e6 * settings["storage"]["chunk_MB"]),
    )
    if "run" in settings:
        return job.run(settings["run"], output, is_simulated=settings["is_simulated"])
    row = settings["sample"]
    files = tuple(map(Path, row["files"]))
    return job.sample(Sample(**{**row, "files": files, "component": "", "variation": ""}), output)


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
            remedy="list the files of a run in the order of time; times count from the start of the run",
        )
