"""The branch map: where a user's file keeps what the analysis needs.

Each quantity is an expression over the file's branches (`events.expressions`), so that another
layout needs
configuration only: ``channel: pmt - 1``, ``charge: adc / 25``, ``time_s: stamp_ns * 1e-9``,
``trigger: bit(word, 3) + 2 * bit(word, 5)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from exonu.core.errors import InputError, raise_all
from exonu.core.resources import schema_path
from exonu.core.settings import Settings, read_schema
from exonu.events.expressions import Expression, parse
from exonu.events.raw.channel_map import ChannelMap

HIT_KINDS = {"channel": np.uint16, "charge": np.float32, "time": np.float32}
EVENT_KINDS = {"run": np.uint32, "event": np.uint64, "time_s": np.float64, "trigger": np.uint8}
TRUTH_KINDS = {
    "true_energy_keV": np.float64, "true_x_cm": np.float64, "true_y_cm": np.float64, "true_z_cm": np.float64,
    "component": np.uint16, "weight": np.float64,
}  # fmt: skip
_KINDS: dict[str, Any] = {**HIT_KINDS, **EVENT_KINDS, **TRUTH_KINDS}
_MAY_BE_EMPTY = ("run", "event", "time_s", "trigger", "no_hit")


@dataclass(frozen=True)
class Branches:
    """A branch map.

    Attributes:
        tree: name of the TTree or RNTuple.
        array_per_pmt: whether an event has one charge and time for every photomultiplier, hit or
            not, instead of a list of hits; the channel is then the place in the array.
        expressions: of each quantity, over the file's branches.
        extra: further numbers per event that cuts may use.
        no_hit: condition of what stands in a list or array and is not a hit; None if all are.
        flatten: whether lists of lists are taken as one list.
        negative_charges: `refuse`, `drop` or `keep`.
        time_spacing_ns: times whose numbers lie further apart are refused [ns].
        channel_map: channels of the numbers that the file has; None if it has channels.
        file: the settings that it stands in, for messages.
    """

    tree: str
    array_per_pmt: bool
    expressions: Mapping[str, Expression]
    extra: Mapping[str, Expression]
    no_hit: Expression | None = None
    flatten: bool = False
    negative_charges: str = "refuse"
    time_spacing_ns: float = 1.0
    channel_map: ChannelMap | None = None
    file: str | Path | None = None

    @classmethod
    def from_settings(
        cls,
        block: Settings,
        file: str | Path | None = None,
        channel_map: ChannelMap | None = None,
    ) -> Branches:
        """The `branches` block of an events file.

        Raises:
            InputError: one line per expression that is none.
        """
        expressions, faults = {}, []
        texts = {name: block[name] for name in _KINDS} | {
            f"extra.{name}": text for name, text in block["extra"].items()
        }
        texts["no_hit"] = block["no_hit"]
        array = block["layout"] == "array"
        for name, text in texts.items():
            if (not text.strip() and name in _MAY_BE_EMPTY) or (array and name == "channel"):
                continue
            try:
                expressions[name] = parse(
                    text, None, want_truth=name == "no_hit", file=file, field=f"branches.{name}"
                )
            except InputError as fault:
                faults.append(fault)
        raise_all(faults)
        no_hit = expressions.pop("no_hit", None)
        return cls(
            tree=block["tree"],
            array_per_pmt=array,
            expressions={
                name: e for name, e in expressions.items() if not name.startswith("extra.")
            },
            extra={name[6:]: e for name, e in expressions.items() if name.startswith("extra.")},
            no_hit=no_hit,
            flatten=block["flatten"],
            negative_charges=block["negative_charges"],
            time_spacing_ns=block["time_spacing_ns"],
            channel_map=channel_map,
            file=file,
        )

    @classmethod
    def default(cls) -> Branches:
        """The layout of our own files."""
        parts = read_schema(schema_path("events.yaml"))["properties"]["branches"]["properties"]
        return cls.from_settings({name: part["default"] for name, part in parts.items()})
