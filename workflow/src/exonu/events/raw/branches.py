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
from numpy.typing import NDArray

from exonu.core.errors import InputError, raise_all
from exonu.core.resources import schema_path
from exonu.core.settings import Settings, read_schema
from exonu.events.expressions import Expression, parse
from exonu.events.raw.root_files import Column, Jagged, Tree

_HITS = {"channel": np.uint16, "charge": np.float32, "time": np.float32}
_EVENT = {"run": np.uint32, "event": np.uint64, "time_s": np.float64, "trigger": np.uint8}
_TRUTH = {
    "true_energy_keV": np.float64, "true_x_cm": np.float64, "true_y_cm": np.float64, "true_z_cm": np.float64,
    "component": np.uint16, "weight": np.float64,
}  # fmt: skip
_KINDS: dict[str, Any] = {**_HITS, **_EVENT, **_TRUTH}
_MAY_BE_EMPTY = ("run", "event", "time_s", "trigger")


@dataclass(frozen=True)
class Branches:
    """A branch map.

    Attributes:
        tree: name of the TTree or RNTuple.
        array_per_pmt: whether an event has one charge and time for every photomultiplier, hit or
            not, instead of a list of hits; the channel is then the place in the array.
        expressions: of each quantity, over the file's branches.
        extra: further numbers per event that cuts may use.
        file: the settings that it stands in, for messages.
    """

    tree: str
    array_per_pmt: bool
    expressions: Mapping[str, Expression]
    extra: Mapping[str, Expression]
    file: str | Path | None = None

    @classmethod
    def from_settings(cls, block: Settings, file: str | Path | None = None) -> Branches:
        """The `branches` block of an events file."""
        expressions, faults = {}, []
        texts = {name: block[name] for name in _KINDS} | {
            f"extra.{name}": text for name, text in block["extra"].items()
        }
        array = block["layout"] == "array"
        for name, text in texts.items():
            if (not text.strip() and name in _MAY_BE_EMPTY) or (array and name == "channel"):
                continue
            try:
                expressions[name] = parse(
                    text, None, want_truth=False, file=file, field=f"branches.{name}"
                )
            except InputError as fault:
                faults.append(fault)
        raise_all(faults)
        return cls(
            tree=block["tree"],
            array_per_pmt=array,
            expressions={
                name: e for name, e in expressions.items() if not name.startswith("extra.")
            },
            extra={name[6:]: e for name, e in expressions.items() if name.startswith("extra.")},
            file=file,
        )

    @classmethod
    def default(cls) -> Branches:
        """The layout of our own files."""
        parts = read_schema(schema_path("events.yaml"))["properties"]["branches"]["properties"]
        return cls.from_settings({name: part["default"] for name, part in parts.items()})

    def bound(self, tree: Tree) -> Reading:
        """This map on an open tree; a branch that is not there is an `InputError`, but for those of
        simulation."""
        chosen = {
            name: expression
            for name, expression in self.expressions.items()
            if not (name in _TRUTH and expression.text == name and name not in tree.branches)
        }
        wanted_by = {
            branch: f"branches.{name}: {expression.text}"
            + (f" in {self.file}" if self.file else "")
            for name, expression in {
                **chosen,
                **{f"extra.{key}": value for key, value in self.extra.items()},
            }.items()
            for branch in expression.names
        }
        tree.require(tuple(wanted_by), wanted_by)
        return Reading(tree, self, chosen, tuple(wanted_by))


@dataclass(frozen=True)
class Reading:
    """A branch map on one tree: makes the arrays of `Events`.

    Attributes:
        tree, branches: both.
        chosen: the expressions that the tree can serve.
        needed: the branches that they read.
    """

    tree: Tree
    branches: Branches
    chosen: Mapping[str, Expression]
    needed: tuple[str, ...]

    def arrays(
        self, columns: Mapping[str, Column], start: int, n_channels: int | None
    ) -> dict[str, Any]:
        """Arguments of `Events` from a chunk of columns.

        Raises:
            InputError: a list where a number is needed or the reverse, lists of different lengths,
                a channel outside the geometry, a charge or time that is not finite, a number that
                is not whole or does not fit.
        """
        n = len(next(iter(columns.values())))
        hits, offsets = self._hits(columns, start, n_channels)
        result: dict[str, Any] = {**hits, "offsets": offsets}
        for name, kind in {**_EVENT, **_TRUTH}.items():
            if name in self.chosen:
                result[name] = self._numbers(name, self.chosen[name], columns, n, start, kind)
        defaults = {
            "run": np.zeros(n),
            "event": start + np.arange(n),
            "time_s": np.full(n, np.nan),
            "trigger": np.ones(n),
        }
        for name, values in defaults.items():
            result.setdefault(name, values.astype(_EVENT[name]))
        axes = [result.pop(f"true_{axis}_cm", None) for axis in "xyz"]
        if all(axis is not None for axis in axes):
            result["true_xyz_cm"] = np.stack(axes, axis=1)
        extra = {
            name: self._numbers(
                f"extra.{name}", expression, columns, n, start, np.float64, finite=False
            )
            for name, expression in self.branches.extra.items()
        }
        return {**result, "columns": extra} if extra else result

    def _numbers(
        self, name: str, expression: Expression, columns: Mapping[str, Column], n: int, start: int, kind: Any,
        finite: bool = True,
    ) -> NDArray[Any]:  # fmt: skip
        flat: dict[str, NDArray[Any]] = {}
        for branch in expression.names:
            column = columns[branch]
            if isinstance(column, Jagged):
                raise self._fault(
                    name, "is a list per event where one number is needed", None, branch
                )
            flat[branch] = column
        values = np.broadcast_to(expression.evaluate(flat), n)
        return self._cast(name, values, kind, np.arange(start, start + n), finite)

    def _hits(
        self, columns: Mapping[str, Column], start: int, n_channels: int | None
    ) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
        names = ("charge", "time") if self.branches.array_per_pmt else tuple(_HITS)
        offsets = self._common_offsets(names, columns, start)
        counts = np.diff(offsets)
        entry = np.repeat(np.arange(start, start + len(counts)), counts)
        values: dict[str, NDArray[Any]] = {}
        for name in names:
            # a number per event (a trigger time, say) counts for each of its hits
            flat = {
                branch: column.content
                if isinstance(column := columns[branch], Jagged)
                else np.repeat(column, counts)
                for branch in self.chosen[name].names
            }
            values[name] = np.broadcast_to(self.chosen[name].evaluate(flat), len(entry))
        if self.branches.array_per_pmt:
            values["channel"] = np.arange(len(entry)) - offsets[entry - start]
            hit = values["charge"] != 0  # NaN counts, to be found below
            values = {name: array[hit] for name, array in values.items()}
            entry, offsets = entry[hit], np.concatenate([[0], np.cumsum(hit)])[offsets]
        self._check_channels(values["channel"], entry, n_channels)
        return {
            name: self._cast(name, values[name], kind, entry) for name, kind in _HITS.items()
        }, offsets

    def _common_offsets(
        self, names: tuple[str, ...], columns: Mapping[str, Column], start: int
    ) -> NDArray[np.int64]:
        first: tuple[str, Jagged] | None = None
        for name in names:
            lists = {branch: columns[branch] for branch in self.chosen[name].names}
            if not any(isinstance(column, Jagged) for column in lists.values()):
                raise self._fault(name, "is no list of hits", None)
            for branch, column in lists.items():
                if not isinstance(column, Jagged):
                    continue
                first = first or (branch, column)
                if len(wrong := np.flatnonzero(column.counts != first[1].counts)):
                    lengths = f"{column.counts[wrong[0]]} hits where {first[0]} has {first[1].counts[wrong[0]]}"
                    raise self._fault(name, f"has {lengths}", start + int(wrong[0]), branch)
        assert first is not None
        return first[1].offsets

    def _check_channels(
        self, channel: NDArray[Any], entry: NDArray[Any], n_channels: int | None
    ) -> None:
        upper = np.iinfo(np.uint16).max + 1 if n_channels is None else n_channels
        # one comparison for both ends; NaN fails it as well
        if len(wrong := np.flatnonzero(~((channel >= 0) & (channel < upper)))):
            problem = f"is channel {channel[wrong[0]]:g}, outside the geometry (0 to {upper - 1})"
            raise self._fault(
                "channel",
                problem,
                int(entry[wrong[0]]),
                remedy="number the PMTs as the geometry does",
            )

    def _cast(
        self, name: str, values: NDArray[Any], kind: Any, entry: NDArray[Any], finite: bool = True
    ) -> NDArray[Any]:
        """Values as their type, after all that could be lost thereby is refused."""
        if (
            finite
            and values.dtype.kind == "f"
            and len(wrong := np.flatnonzero(~np.isfinite(values)))
        ):
            raise self._fault(
                name, f"is {values[wrong[0]]}", int(entry[wrong[0]]), remedy="write finite numbers"
            )
        if np.issubdtype(kind, np.integer) and values.dtype != kind:
            limits = np.iinfo(kind)
            wrong = np.flatnonzero(
                (values % 1 != 0) | (values < limits.min) | (values > limits.max)
            )
            if len(wrong):
                problem = (
                    f"is {values[wrong[0]]:g}, not a whole number from {limits.min} to {limits.max}"
                )
                raise self._fault(
                    name, problem, int(entry[wrong[0]]), remedy="change its expression"
                )
        return np.ascontiguousarray(values, dtype=kind)

    def _fault(
        self,
        name: str,
        problem: str,
        entry: int | None,
        branch: str | None = None,
        remedy: str | None = None,
    ) -> InputError:
        expression = (
            self.branches.extra[name[6:]] if name.startswith("extra.") else self.chosen.get(name)
        )
        text = expression.text if expression is not None else "the place in the array"
        where = f"branch {branch or text}" + ("" if entry is None else f", entry {entry}")
        return InputError(
            problem,
            file=self.tree.path,
            field=where,
            remedy=remedy or f"see branches.{name}: {text}",
        )
