"""All that an event-level analysis was given, and what each of its jobs has to know of it.

A job's settings hold what it reads and nothing else: a changed cut ingests nothing again, and a run
that is added to the run list leaves the ingested runs alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from exonu.core.errors import InputError
from exonu.core.resources import schema_path
from exonu.core.settings import Settings
from exonu.events.raw.channel_map import ChannelMap
from exonu.events.runs.run_list import Calibration, Run, RunList, Sample
from exonu.events.runs.sheets import absent_files

RECONSTRUCTED = "reconstructed"
"""The `level` of an events file whose files hold events with energy and position."""


@dataclass(frozen=True)
class EventInputs:
    """Everything that an events file names, read and checked.

    Attributes:
        file: the events file.
        settings: its settings, defaults included.
        n_channels: number of photomultipliers.
        runs, samples, calibration: the tables.
        channel_map: channels of the numbers that the files have; None if they have channels.
    """

    file: Path
    settings: Settings
    n_channels: int
    runs: RunList
    samples: tuple[Sample, ...]
    calibration: dict[int | str, Calibration]
    channel_map: ChannelMap | None = None

    def ingest_settings(self, *, run: int | None = None, sample: str | None = None) -> Settings:
        """Settings of the step `ingest` for one run or one sample."""
        shared = {key: self.settings[key] for key in ("branches", "storage", "variables")}
        shared |= {"n_channels": self.n_channels, "file": str(self.file)} | self.run_settings(
            run=run, sample=sample
        )
        shared["geometry_is_given"] = "file" in self.settings["geometry"]
        if self.channel_map is not None:
            shared["channel_map"] = self.channel_map.as_json()
        if run is not None:
            mine = {"is_simulated": self.settings["is_simulated"], "run": run}
            return shared | mine | {"calibration": asdict(self.calibration[run])}
        row = asdict(self.sample(sample)) | {
            "files": [str(file) for file in self.sample(sample).files]
        }
        for name in (
            "component",
            "variation",
            "activity_prior",
            "activity_uncertainty",
        ):  # not read by ingest
            del row[name]
        return shared | {
            "is_simulated": True,
            "sample": row,
            "calibration": asdict(self.calibration["simulation"]),
        }

    @property
    def is_reconstructed(self) -> bool:
        """Whether the files hold reconstructed events, not hits."""
        return bool(self.settings["level"] == RECONSTRUCTED)

    @property
    def extra(self) -> list[str]:
        """Names of the user's own variables."""
        return sorted(self.settings["columns" if self.is_reconstructed else "branches"]["extra"])

    def table_settings(self, *, run: int | None = None, sample: str | None = None) -> Settings:
        """Settings of the step `read_reconstructed` for one run or one sample."""
        first = min(row.start for row in self.runs.physics)
        shared = {
            "columns": self.settings["columns"],
            "file": str(self.file),
            "is_simulated": self.settings["is_simulated"],
            "origin": first.isoformat(),
            **({"site": self.settings["site"]} if "site" in self.settings else {}),
            **self.run_settings(run=run, sample=sample),
        }
        if run is not None:
            return shared | {"run": run}
        row = self.sample(sample)
        known = {
            "sample": row.sample,
            "equivalent_live_days": row.equivalent_live_days,
            "runs": row.runs,
        }
        return shared | {"sample": known | {"files": [str(file) for file in row.files]}}

    @property
    def cuts(self) -> list[Settings]:
        """The cuts as jobs read them: without their descriptions, whose change runs nothing
        again."""
        return [
            {key: cut[key] for key in ("name", "keep", "status")} for cut in self.settings["cuts"]
        ]

    def sample(self, name: str | None) -> Sample:
        """A sample by its name."""
        for row in self.samples:
            if row.sample == name:
                return row
        raise InputError(f"holds no sample {name!r}", file=self.file, field="samples")

    def run_settings(self, *, run: int | None = None, sample: str | None = None) -> Settings:
        """The part of the run list that a job on one run or sample needs, for
        `RunList.from_settings`."""
        if run is not None:
            rows = [self.runs[run].as_json()]
        else:
            # a sample with runs of its own may name runs of any stream
            rows = self._physics_runs if self.sample(sample).runs == "shared" else self._all_runs
        return {"run_list": str(self.runs.file), "runs": rows}

    @cached_property
    def _physics_runs(self) -> list[Settings]:
        return [row.as_json() | {"files": []} for row in self.runs.physics]

    @cached_property
    def _all_runs(self) -> list[Settings]:
        return [row.as_json() | {"files": []} for row in self.runs.runs]

    def reconstruct_settings(
        self, *, run: int | None = None, sample: str | None = None
    ) -> Settings:
        """Settings of the step `reconstruct` for one run or one sample."""
        mine = {
            key: self.settings[key] for key in ("detector", "reconstruction")
        } | self.run_settings(run=run, sample=sample)
        return mine | ({"geometry": self.geometry} if self.geometry else {})

    @property
    def geometry(self) -> Settings:
        """The tables of a geometry of one's own as seen from the working folder, with a digest of
        what they say, so that jobs run again when it changes; empty for the XMASS-like detector."""
        named = {
            key: self.file.parent / self.settings["geometry"][key]
            for key in ("file", "walls")
            if key in self.settings["geometry"]
        }
        if not named:
            return {}
        content = sha256(b"\0".join(file.read_bytes() for file in named.values()))
        return {
            **{key: str(file) for key, file in named.items()},
            "digest": content.hexdigest()[:12],
        }

    @property
    def is_generated(self) -> bool:
        """Whether the raw files are simulated by the workflow (a block `simulation` or `dual_phase`),
        not the user's own."""
        return "simulation" in self.settings or "dual_phase" in self.settings

    @property
    def files(self) -> list[Path]:
        """The raw files of all runs, then of all samples."""
        rows: list[Run | Sample] = [*self.runs.runs, *self.samples]
        return [file for row in rows for file in row.files]

    def absent_files(self) -> Iterator[InputError]:
        """A fault for each row of the sheets whose files do not exist; none if the workflow
        simulates them."""
        sheets = {
            "runs": (schema_path("run_list.yaml"), "run"),
            "samples": (schema_path("sample_sheet.yaml"), "sample"),
        }
        for sheet, (schema, key) in sheets.items():
            if sheet in self.settings and not self.is_generated:
                yield from absent_files(self.file.parent / self.settings[sheet], schema, key)

    def select_settings(self, *, run: int | None = None, sample: str | None = None) -> Settings:
        """Settings of the step `select` for one run or one sample."""
        if run is not None:
            source: Settings = {"kind": "data", "stream": self.runs[run].stream, "run": run}
        else:
            chosen = self.sample(sample)
            source = {"kind": "simulation", "sample": sample, "component": chosen.component}
            source["variation"] = chosen.variation
        return {
            "cuts": self.cuts,
            "extra": self.extra,
            "edges_keV": self.settings["efficiency"]["edges_keV"],
            # Not of data: a blinded spectrum is not shown in this way either.
            "ranges_keVee": [] if run is not None else self.settings["efficiency"]["ranges_keVee"],
            "file": str(self.file),
            "source": source,
        }
