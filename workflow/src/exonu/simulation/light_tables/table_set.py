"""The tables of light near the wall of a detector: what they hold, and their folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from exonu.core.errors import InputError
from exonu.core.files import read_json, whole_or_absent, write_json
from exonu.core.settings import Settings
from exonu.core.types import Array, Floats

_ARRAYS = ("rest", "reflected", "times_ns", "depths_cm", "near_cm")
_RECORD = "light_tables.json"


@dataclass(frozen=True)
class LightTables:
    """Light near the wall; only the fundamental domain of the symmetry is stored.

    Attributes:
        frequency: of the geodesic directions, see `nodes.nodes_of`.
        depths_cm: layers, from the wall inwards, shape (n_layers,).
        near_cm: the two distances of `near_light.near_share`, shape (2,).
        rest: probability that a photon of a node ends on a channel without having met a near wall
            first, or counted so by the share of it that is not near; shape (n_domain, n_layers,
            n_channels).
        reflected: probability that a photon ends on a channel after a near wall reflected it, by
            kind (`near_light.KINDS`); shape (n_domain, KINDS, n_channels).
        times_ns: quantiles of the delay behind a straight flight by layer and distance, see
            `arrival_times.quantiles_ns`; the last layer is near light; shape (n_layers + 1,
            n_distances, SLOW_TIMES, QUANTILES).
        settings: what they were made from.
    """

    frequency: int
    depths_cm: Array
    near_cm: Array
    rest: Floats
    reflected: Floats
    times_ns: Floats
    settings: Settings

    @property
    def deepest_cm(self) -> float:
        """Sources farther from the wall are not in the tables."""
        return float(self.depths_cm[-1])

    def save(self, folder: str | Path) -> None:
        """Write the arrays as .npy, and last, as the sign of completeness, a JSON with what they
        were made from."""
        folder = Path(folder)
        for name in _ARRAYS:
            with whole_or_absent(folder / f"{name}.npy") as beside:
                np.save(beside, getattr(self, name))
        record: Mapping[str, Any] = {
            "is_simulated": True,
            "frequency": self.frequency,
            "settings": self.settings,
        }
        write_json(folder / _RECORD, record)

    @classmethod
    def load(cls, folder: str | Path) -> LightTables:
        """Open saved tables.

        Raises:
            InputError: absent or incomplete ones.
        """
        folder = Path(folder)
        record = read_json(folder / _RECORD)
        try:
            arrays = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in _ARRAYS}
            return cls(**arrays, frequency=int(record["frequency"]), settings=record["settings"])
        except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"is not a complete set of light tables ({error})",
                file=folder,
                remedy="remove the folder and make it again",
            ) from None
