"""What figures are drawn from: the records behind them, as `counts.csv` holds them.

The table is a CSV whose comment lines are YAML: what the numbers belong to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from exonu.core.errors import InputError
from exonu.core.types import Array

Axis = tuple[str, str]
"""Name and unit of what bins are of."""
RECOIL_ENERGY: Axis = ("reconstructed energy", "keV")
ALL_BACKGROUNDS = "all backgrounds"


@dataclass(frozen=True)
class Heading:
    """What a figure says of its analysis: names, exposure, whether data are simulated or blinded,
    days where known."""

    name: str
    reference: str
    exposure_tonne_year: float
    is_simulated: bool
    blinded: bool
    live_days: float | None = None


@dataclass(frozen=True)
class SignalCounts:
    """A signal at its observed limit.

    Attributes:
        interaction, flavour, mass_MeV: the hypothesis.
        parameter, unit: as in `limits.csv`.
        strength: the limit; None where none could be set.
        counts: expected counts, shape (n_bins,); None without a limit.
    """

    interaction: str
    flavour: str
    mass_MeV: float | None
    parameter: str
    unit: str
    strength: float | None
    counts: Array | None


@dataclass(frozen=True)
class SpectrumCounts:
    """All that the spectrum figure shows.

    Attributes:
        heading: what it belongs to.
        low_keV, high_keV, observed: bin edges and counts, shape (n_bins,) each; if blinded, the
            Asimov counts.
        backgrounds: expected counts by label.
        background_error: one standard deviation of their sum, from the systematic uncertainties.
        signals: the signals; NaN in bins outside their fit range.
        after_fit: whether the backgrounds are those of the fit without a signal, else those before
            any fit.
        confidence_level: of the limits at which signals are; None in tables that do not say it.
        axis: name and unit of what the bins are of; `low_keV` and `high_keV` are in this unit.
    """

    heading: Heading
    low_keV: Array
    high_keV: Array
    observed: Array
    backgrounds: Mapping[str, Array]
    background_error: Array
    signals: tuple[SignalCounts, ...]
    after_fit: bool = False
    confidence_level: float | None = None
    axis: Axis = RECOIL_ENERGY

    @property
    def background(self) -> Array:
        """Sum of the backgrounds, shape (n_bins,)."""
        return np.asarray(sum(self.backgrounds.values()))


def read_counts(path: str | Path) -> SpectrumCounts:
    """Read `counts.csv`.

    Raises:
        InputError: if its comment lines do not say what it belongs to.
    """
    import pandas as pd  # here, since planning a workflow imports this module and must stay quick

    head = _read_head(path)
    table = pd.read_csv(path, comment="#").astype(float)

    def column(name: str) -> Array:
        return table[name].to_numpy(dtype=np.float64)

    signals = tuple(
        SignalCounts(**record, counts=None if record["strength"] is None else column(name))
        for name, record in head["signals"].items()
    )
    return SpectrumCounts(
        Heading(**head["experiment"]),
        column("energy_low_keV"),
        column("energy_high_keV"),
        column("observed"),
        {label: column(name) for name, label in head["backgrounds"].items()},
        column("background_error"),
        signals,
        after_fit=bool(head.get("after_fit", False)),
        confidence_level=head.get("confidence_level"),
        axis=_axis(head),
    )


def read_parts(path: str | Path) -> dict[str, SpectrumCounts]:
    """Read `parts.csv`: the counts of each part of a fit, by its title.

    Raises:
        InputError: if its comment lines do not say what it belongs to.
    """
    import pandas as pd

    head = _read_head(path)
    table = pd.read_csv(path, comment="#", dtype={"part": str, "class": str})
    parts: dict[str, SpectrumCounts] = {}
    for title, rows in table.groupby("part", sort=False):
        found = {str(name): of_one for name, of_one in rows.groupby("class", sort=False)}
        total = found.pop(ALL_BACKGROUNDS)
        low, high, observed, error = (
            total[name].to_numpy(dtype=np.float64)
            for name in ("energy_low_keV", "energy_high_keV", "observed", "after_error")
        )
        after = {name: one["after"].to_numpy(dtype=np.float64) for name, one in found.items()}
        signals = tuple(
            SignalCounts(**record, counts=after.pop(name, None))
            for name, record in head["signals"].items()
        )
        parts[str(title)] = SpectrumCounts(
            Heading(**head["experiment"]), low, high, observed, after, error, signals,
            after_fit=True, confidence_level=head.get("confidence_level"), axis=_axis(head),
        )  # fmt: skip
    return parts


def _axis(head: Mapping[str, Any]) -> Axis:
    """That of a table's head; energy where it does not say."""
    return (head["axis"]["name"], head["axis"]["unit"]) if "axis" in head else RECOIL_ENERGY


def head_of(
    counts: SpectrumCounts, backgrounds: Mapping[str, str], signals: Mapping[str, SignalCounts]
) -> tuple[str, ...]:
    """The comment lines of a table of counts: what it belongs to.

    Args:
        counts: give the heading, the axis and the level.
        backgrounds: label of each column of a background.
        signals: signal of each column, or class, of a signal.
    """
    head: dict[str, Any] = {
        "experiment": {
            key: value for key, value in asdict(counts.heading).items() if value is not None
        },
        "backgrounds": dict(backgrounds),
        "signals": {
            name: {key: value for key, value in asdict(signal).items() if key != "counts"}
            for name, signal in signals.items()
        },
    }
    head |= {"after_fit": True} if counts.after_fit else {}
    if counts.confidence_level is not None:
        head["confidence_level"] = counts.confidence_level
    if counts.axis != RECOIL_ENERGY:
        head["axis"] = dict(zip(("name", "unit"), counts.axis, strict=True))
    text = yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=1000)
    return tuple(text.splitlines())


def read_heading(path: str | Path) -> Heading:
    """What a `counts.csv` belongs to.

    Raises:
        InputError: if its comment lines do not say so.
    """
    return Heading(**_read_head(path)["experiment"])


def _read_head(path: str | Path) -> dict[str, Any]:
    """The YAML in the comment lines of a `counts.csv`.

    Raises:
        InputError: if it is not there.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", file=path, remedy="make it with snakemake"
        ) from None
    head = yaml.safe_load(
        "\n".join(line.removeprefix("# ") for line in lines if line.startswith("# "))
    )
    if not isinstance(head, dict) or not {"experiment", "backgrounds", "signals"} <= head.keys():
        raise InputError(
            "does not begin with what its columns belong to",
            file=path,
            remedy="make it again with snakemake",
        )
    return head
