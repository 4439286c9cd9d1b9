"""Runs, samples and their calibration: what there is to ingest, for how long it was measured, which
PMTs were dead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError, raise_all
from exonu.core.resources import schema_path
from exonu.core.settings import Settings, checked, merged, read_yaml
from exonu.events.raw.channel_map import LEFT_OUT, ChannelMap
from exonu.events.runs.sheets import read_sheet

SECONDS_PER_DAY = 86400.0
PHYSICS = "physics"
NOMINAL = "nominal"
"""The variation of a sample that is not varied."""
BASELINE = "baseline"
"""Variation of the samples that traced variations are compared with."""
GOLDEN_RATIO = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class Run:
    """One run of the run list.

    Attributes:
        run: its number.
        files: its ROOT files in the order of their events.
        start: when it began, UTC.
        live_time_s: live time [s].
        dead_pmts: photomultipliers that were off.
        stream: which data it belongs to; only `physics` counts as live time.
        source_z_cm: heights at which it has a calibration source; none of most runs.
    """

    run: int
    files: tuple[Path, ...]
    start: datetime
    live_time_s: float
    dead_pmts: tuple[int, ...]
    stream: str = PHYSICS
    source_z_cm: tuple[float, ...] = ()

    def as_json(self) -> Settings:
        """The run as settings of a job; only of the calibration of the optics are the heights."""
        texts = {"files": [str(file) for file in self.files], "start": self.start.isoformat()}
        row = vars(self) | texts
        del row["source_z_cm"]
        return row

    @classmethod
    def from_json(cls, row: Settings) -> Run:
        """The reverse of `as_json`."""
        start, files = datetime.fromisoformat(row["start"]), tuple(map(Path, row["files"]))
        return cls(**{**row, "start": start, "files": files, "dead_pmts": tuple(row["dead_pmts"])})


@dataclass(frozen=True)
class Sample:
    """One simulated sample of the sample sheet; the attributes are the columns of
    `sample_sheet.yaml`."""

    sample: str
    component: str
    variation: str
    files: tuple[Path, ...]
    equivalent_live_days: float
    runs: str = "shared"
    activity_prior: float = 1.0
    activity_uncertainty: float | None = None

    @property
    def components(self) -> tuple[str, ...]:
        """The components, of which there may be several; the branch `component` counts them from
        0."""
        return tuple(name.strip() for name in self.component.split(","))


@dataclass(frozen=True)
class Calibration:
    """Calibration of one run.

    Attributes:
        gain: charge that the file gives for one PE.
        time_offset_ns: offset of all hit times [ns].
        light_yield: PE per keV, relative.
    """

    gain: float = 1.0
    time_offset_ns: float = 0.0
    light_yield: float = 1.0


@dataclass(frozen=True)
class RunList:
    """All runs, in the order of the file.

    Attributes:
        file: the run list.
        runs: its rows.
    """

    file: Path
    runs: tuple[Run, ...]

    @classmethod
    def from_settings(cls, settings: Settings) -> RunList:
        """The runs that a job was given, `run_list` and `runs` (see
        `event_inputs.EventInputs.run_settings`)."""
        return cls(Path(settings["run_list"]), tuple(map(Run.from_json, settings["runs"])))

    def __getitem__(self, run: int) -> Run:
        if run not in self._by_number:
            raise InputError(
                f"holds no run {run}",
                file=self.file,
                remedy=f"its runs are {list(self._by_number)}",
            )
        return self._by_number[run]

    @cached_property
    def _by_number(self) -> dict[int, Run]:
        return {row.run: row for row in self.runs}

    @cached_property
    def physics(self) -> tuple[Run, ...]:
        """The runs of the physics stream."""
        return tuple(run for run in self.runs if run.stream == PHYSICS)

    @property
    def live_days(self) -> float:
        """Live time of the physics stream [days]."""
        return sum(run.live_time_s for run in self.physics) / SECONDS_PER_DAY

    def dead_mask(self, run: int, n_channels: int) -> NDArray[np.bool_]:
        """Which photomultipliers are dead in a run, shape (n_channels,)."""
        mask = np.zeros(n_channels, dtype=bool)
        mask[list(self[run].dead_pmts)] = True
        return mask

    def dead_masks(self, runs: NDArray[Any], n_channels: int) -> NDArray[np.bool_]:
        """Those of many runs at once, shape (len(runs), n_channels)."""
        numbers, place = np.unique(runs, return_inverse=True)
        masks = [self.dead_mask(int(run), n_channels) for run in numbers]
        return np.array(masks, dtype=bool).reshape(len(numbers), n_channels)[place]

    def shared_by_live_time(self, entries: NDArray[np.int64]) -> NDArray[np.uint32]:
        """Run of each simulated event, so that every run gets a share of them by its live time.

        The golden-ratio sequence spreads any stretch of entries evenly over the runs, the same for
        any chunks.

        Args:
            entries: number of each event within its sample.
        """
        return self.moments_by_live_time(entries)[0]

    def moments_by_live_time(
        self, entries: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint32], NDArray[np.float64]]:
        """Run of each simulated event as in `shared_by_live_time`, and its time since the start of
        that run [s], evenly over the live time."""
        ends = np.cumsum([run.live_time_s for run in self.physics])
        place = _spread(entries) * ends[-1]
        numbers = np.array([run.run for run in self.physics], dtype=np.uint32)
        chosen = np.minimum(np.searchsorted(ends, place, side="right"), len(ends) - 1)
        return numbers[chosen], place - np.concatenate([[0.0], ends[:-1]])[chosen]

    def moments_in_runs(
        self, runs: NDArray[Any], entries: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Time of simulated events since the start of the run that each belongs to [s], evenly over
        its live time; of any stream."""
        numbers, place = np.unique(runs, return_inverse=True)
        live_time_s = np.array([self[int(number)].live_time_s for number in numbers])
        return _spread(entries) * live_time_s[place] if len(runs) else np.empty(0)


def _spread(entries: NDArray[np.int64]) -> NDArray[np.float64]:
    """The golden-ratio sequence: numbers from 0 to 1, evenly over any stretch of entries."""
    return np.asarray(np.mod((entries + 0.5) * GOLDEN_RATIO, 1.0))


def read_event_settings(file: str | Path, overrides: Settings | None = None) -> Settings:
    """Read and check an experiment's events file (`workflow/schemas/events.yaml`), defaults
    included."""
    return checked(merged(read_yaml(file), overrides or {}), schema_path("events.yaml"), file)


def read_run_list(
    file: str | Path, n_channels: int | None = None, channel_map: ChannelMap | None = None
) -> RunList:
    """Read and check a run list.

    Args:
        file: the TSV.
        n_channels: number of photomultipliers; dead ones must lie below it.
        channel_map: channels of the numbers that stand in `dead_pmts`; None if these are channels.

    Raises:
        InputError: one line per fault: a missing or unknown column, a value that does not fit (live
            time ≤ 0), a run or a file listed twice, runs that overlap, a dead photomultiplier
            outside the geometry.
    """
    file = Path(file)
    rows = read_sheet(file, schema_path("run_list.yaml"), "run")
    runs = tuple(
        Run(
            run=row["run"],
            files=_files(file, row),
            start=_moment(file, line, row["start"]),
            live_time_s=float(row["live_time_s"]),
            dead_pmts=_dead(file, line, row["dead_pmts"], channel_map),
            stream=row["stream"],
            source_z_cm=tuple(sorted(map(float, row["source_z_cm"]))),
        )
        for line, row in rows
    )
    raise_all(
        [*_files_twice(file, runs), *_overlaps(file, runs), *_outside(file, runs, n_channels)]
    )
    if not any(run.stream == PHYSICS for run in runs):
        raise InputError(
            f"has no run of the stream {PHYSICS!r}",
            file=file,
            field="stream",
            remedy="leave it out",
        )
    return RunList(file, runs)


def read_samples(file: str | Path) -> tuple[Sample, ...]:
    """Read and check a sample sheet; see `Sample`."""
    file = Path(file)
    rows = read_sheet(file, schema_path("sample_sheet.yaml"), "sample")
    samples = tuple(Sample(**{**row, "files": _files(file, row)}) for _, row in rows)
    raise_all(_files_twice(file, samples))
    return samples


def read_calibration(file: str | Path | None, runs: RunList) -> dict[int | str, Calibration]:
    """Read a calibration table; without a file, everything is as in the files.

    Returns:
        Calibration by run number, and of the `simulation`.

    Raises:
        InputError: a run listed twice, missing, or not in the run list.
    """
    if file is None:
        return {**{run.run: Calibration() for run in runs.runs}, "simulation": Calibration()}
    file = Path(file)
    rows = read_sheet(file, schema_path("calibration.yaml"), "run")
    table: dict[int | str, Calibration] = {"simulation": Calibration()}
    for _, row in rows:
        key = row.pop("run")
        table[key if key == "simulation" else int(key)] = Calibration(
            **{name: float(row[name]) for name in row}
        )
    known = {run.run for run in runs.runs}
    raise_all(
        InputError(
            f"has no row for run {run}",
            file=file,
            field="run",
            remedy=f"add one, or remove it from {runs.file}",
        )
        for run in sorted(known - table.keys())
    )
    raise_all(
        InputError(
            f"has run {run}, which is not in {runs.file}",
            file=file,
            field="run",
            remedy="remove the row",
        )
        for run in table
        if run != "simulation" and run not in known
    )
    return table


# -- what no single row shows


def _files(file: Path, row: Mapping[str, Any]) -> tuple[Path, ...]:
    return tuple(file.parent / name for name in row["files"])


def _dead(
    file: Path, line: int, numbers: Sequence[int], channel_map: ChannelMap | None
) -> tuple[int, ...]:
    """Channels of the dead photomultipliers; those outside the geometry don't count."""
    if channel_map is None or not numbers:
        return tuple(numbers)
    channels = channel_map.find(np.array(numbers))
    unknown = np.array(numbers)[channels == ChannelMap.UNKNOWN]
    if len(unknown):
        raise InputError(
            f"names the photomultiplier {unknown[0]}, which is not in the channel map {channel_map.file}",
            file=file,
            field=f"line {line}, column dead_pmts",
            remedy="use the numbers of its column your_id",
        )
    return tuple(channels[channels != LEFT_OUT].tolist())


def _moment(file: Path, line: int, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError as error:
        raise InputError(
            f"is not a date ({error})",
            file=file,
            field=f"line {line}, column start",
            remedy="write one of the calendar",
        ) from None


def _files_twice(file: Path, rows: Sequence[Run] | Sequence[Sample]) -> Iterator[InputError]:
    counts = Counter(path.resolve() for row in rows for path in row.files)
    for path in (path for path, count in counts.items() if count > 1):
        yield InputError(
            f"{path} is listed twice",
            file=file,
            field="files",
            remedy="each file belongs to one run or sample, once",
        )


def _overlaps(file: Path, runs: Sequence[Run]) -> Iterator[InputError]:
    """A live time that reaches into the next run of the stream counts some time twice."""
    for stream in dict.fromkeys(run.stream for run in runs):
        ordered = sorted((run for run in runs if run.stream == stream), key=lambda run: run.start)
        for run, following in pairwise(ordered):
            if run.start + timedelta(seconds=run.live_time_s) > following.start + timedelta(
                seconds=1
            ):
                yield InputError(
                    f"run {run.run} with its live time of {run.live_time_s:g} s ends after run {following.run} begins",
                    file=file,
                    field="live_time_s",
                    remedy=f"at most {(following.start - run.start).total_seconds():g} s fit between their starts",
                )


def _outside(file: Path, runs: Sequence[Run], n_channels: int | None) -> Iterator[InputError]:
    for run in runs:
        for channel in run.dead_pmts:
            if n_channels is not None and channel >= n_channels:
                yield InputError(
                    f"run {run.run} names the photomultiplier {channel}, outside the geometry (0 to {n_channels - 1})",
                    file=file,
                    field="dead_pmts",
                    remedy="number the PMTs as the geometry does",
                )
