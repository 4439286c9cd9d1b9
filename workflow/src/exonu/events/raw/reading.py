"""A branch map on an open file: from columns as they stand there to the arrays of `Events`.

What the file can get wrong is said with branch and entry; nothing is lost in a change of type
without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError, InputErrors
from exonu.events.expressions import Expression
from exonu.events.raw.branches import EVENT_KINDS, HIT_KINDS, TRUTH_KINDS, Branches
from exonu.events.raw.channel_map import LEFT_OUT, ChannelMap
from exonu.events.raw.hit_times import time_spacing, times_from_first_hit
from exonu.events.raw.root_files import Column, Jagged, Nested, Tree

LARGEST_EXACT = 2**53
"""Above, float64 no longer tells neighbouring whole numbers apart."""


@dataclass(frozen=True)
class _Hits:
    """Hits as they stand in the file.

    Attributes:
        offsets: shape (n + 1,), from 0.
        entry: number of each hit's entry in the file, shape (n_hits,).
        place: its place in the array of its event, for `layout: array`.
        flat: the branches that their expressions read, shape (n_hits,) each.
        jagged: names of those that have a number for each hit, not one per event.
    """

    offsets: NDArray[np.int64]
    entry: NDArray[np.int64]
    place: NDArray[np.int64]
    flat: Mapping[str, NDArray[Any]]
    jagged: frozenset[str]

    def only(self, kept: NDArray[np.bool_]) -> _Hits:
        """Some of the hits, given as a mask."""
        if kept.all():
            return self
        before = np.concatenate([[0], np.cumsum(kept, dtype=np.int64)])
        return replace(
            self,
            offsets=before[self.offsets],
            entry=self.entry[kept],
            place=self.place[kept],
            flat={name: values[kept] for name, values in self.flat.items()},
        )

    def values(self, expression: Expression) -> NDArray[Any]:
        """Value of an expression for each hit."""
        return np.broadcast_to(expression.evaluate(self.flat), len(self.entry))


def _wanted(tree: Tree, branches: Branches) -> tuple[dict[str, Expression], dict[str, str]]:
    """The expressions that a tree has to serve, and for each branch which of them asks for it."""
    expressions = {
        name: expression
        for name, expression in branches.expressions.items()
        if not (name in TRUTH_KINDS and expression.text == name and name not in tree.branches)
    }
    expressions |= {f"extra.{key}": value for key, value in branches.extra.items()}
    if branches.no_hit is not None:
        expressions["no_hit"] = branches.no_hit
    where = f" in {branches.file}" if branches.file else ""
    return expressions, {
        branch: f"branches.{name}: {expression.text}{where}"
        for name, expression in expressions.items()
        for branch in expression.names
    }


@dataclass(frozen=True)
class Reading:
    """A branch map on one tree: makes the arrays of `Events`.

    Attributes:
        tree, branches: both.
        chosen: the expressions that the tree can serve.
        needed: the branches that they read.
        is_raw: whether charges and times are as the user has them: charges may be refused, and
            times are counted from the first hit of their event. Ingested files have both behind
            them.
        tally: number of hits left out or kept against expectation, by reason (`no hit`,
            `negative`, `not in the geometry`).
    """

    tree: Tree
    branches: Branches
    chosen: Mapping[str, Expression]
    needed: tuple[str, ...]
    is_raw: bool = True
    tally: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(
        cls, tree: Tree, branches: Branches, *, is_raw: bool = True,
        tally: Counter[str] | None = None,
    ) -> Reading:  # fmt: skip
        """A branch map on an open tree; a branch that is not there is an `InputError`, but for
        those of simulation."""
        expressions, wanted_by = _wanted(tree, branches)
        tree.require(tuple(wanted_by), wanted_by)
        chosen = {name: expressions[name] for name in branches.expressions if name in expressions}
        return cls(
            tree, branches, chosen, tuple(wanted_by), is_raw, Counter() if tally is None else tally
        )

    @classmethod
    def as_far_as_possible(cls, tree: Tree, branches: Branches) -> tuple[Reading, list[InputError]]:
        """A branch map on an open tree without what needs a branch that is not there, and the
        faults of these branches."""
        expressions, wanted_by = _wanted(tree, branches)
        faults = []
        try:
            tree.require(tuple(wanted_by), wanted_by)
        except InputError as error:
            faults = list(error.errors) if isinstance(error, InputErrors) else [error]
        there = {
            name: expression
            for name, expression in expressions.items()
            if set(expression.names) <= set(tree.branches)
        }
        reduced = replace(
            branches, extra={key: e for key, e in branches.extra.items() if f"extra.{key}" in there}
        )
        chosen = {name: there[name] for name in branches.expressions if name in there}
        needed = dict.fromkeys(branch for e in there.values() for branch in e.names)
        return cls(tree, reduced, chosen, tuple(needed)), faults

    @property
    def optional(self) -> frozenset[str]:
        """Quantities of simulation that the file has."""
        return frozenset(self.chosen.keys() & TRUTH_KINDS.keys())

    def arrays(
        self, columns: Mapping[str, Column], start: int, n_channels: int | None
    ) -> dict[str, Any]:
        """Arguments of `Events` from a chunk of columns.

        Raises:
            InputError: a list where a number is needed or the reverse, lists of different lengths,
                a channel outside the geometry, a charge or time that is not finite, a negative
                charge where it is refused, times too far from zero for their spacing, a number that
                is not whole or does not fit.
        """
        result: dict[str, Any] = {}
        for part in self._parts(columns, start, n_channels):
            result |= part()
        n = len(next(iter(columns.values())))
        defaults = {
            "run": np.zeros(n),
            "event": start + np.arange(n),
            "time_s": np.full(n, np.nan),
            "trigger": np.ones(n),
        }
        for name, values in defaults.items():
            result.setdefault(name, values.astype(EVENT_KINDS[name]))
        axes = [result.pop(f"true_{axis}_cm", None) for axis in "xyz"]
        if all(axis is not None for axis in axes):
            result["true_xyz_cm"] = np.stack(axes, axis=1)
        extra = {name: result.pop(f"extra.{name}") for name in self.branches.extra}
        return {**result, "columns": extra} if extra else result

    def faults(
        self, columns: Mapping[str, Column], start: int, n_channels: int | None
    ) -> Iterator[InputError]:
        """All that is wrong in a chunk, one fault for each quantity."""
        for part in self._parts(columns, start, n_channels):
            try:
                part()
            except InputError as fault:
                yield fault

    def event_numbers(self, name: str, columns: Mapping[str, Column], start: int) -> NDArray[Any]:
        """One quantity that is a number per event, from a chunk of columns."""
        n = len(next(iter(columns.values())))
        kind = {**EVENT_KINDS, **TRUTH_KINDS}[name]
        finite = self.is_raw or name != "time_s"  # ingested events without times have NaN
        return self._numbers(name, self.chosen[name], columns, n, start, kind, finite)

    def _parts(
        self, columns: Mapping[str, Column], start: int, n_channels: int | None
    ) -> Iterator[Callable[[], dict[str, Any]]]:
        if self._has_hits:
            yield lambda: self._hits(columns, start, n_channels)
        n = len(next(iter(columns.values())))
        for name in [name for name in (*EVENT_KINDS, *TRUTH_KINDS) if name in self.chosen]:
            yield lambda name=name: {name: self.event_numbers(name, columns, start)}  # type: ignore[misc]
        for name, expression in self.branches.extra.items():
            yield lambda name=f"extra.{name}", expression=expression: {  # type: ignore[misc]
                name: self._numbers(name, expression, columns, n, start, np.float64, finite=False)
            }

    def _numbers(
        self, name: str, expression: Expression, columns: Mapping[str, Column], n: int, start: int, kind: Any,
        finite: bool = True,
    ) -> NDArray[Any]:  # fmt: skip
        flat: dict[str, NDArray[Any]] = {}
        for branch in expression.names:
            column = columns[branch]
            if not isinstance(column, np.ndarray):
                raise self._fault(
                    name, "is a list per event where one number is needed", None, branch
                )
            flat[branch] = column
        values = np.broadcast_to(expression.evaluate(flat), n)
        return self._cast(name, values, kind, np.arange(start, start + n), finite)

    # -- hits

    @property
    def _has_hits(self) -> bool:
        """Whether all is there that hits are made of; it always is where events are read."""
        no_hit = self.branches.no_hit
        return set(self._of_hits) <= self.chosen.keys() and (
            no_hit is None or set(no_hit.names) <= set(self.needed)
        )

    @property
    def _of_hits(self) -> tuple[str, ...]:
        return ("charge", "time") if self.branches.array_per_pmt else tuple(HIT_KINDS)

    def _hits(
        self, columns: Mapping[str, Column], start: int, n_channels: int | None
    ) -> dict[str, Any]:
        hits = self._as_they_stand(columns, start)
        if self.branches.array_per_pmt:
            self._check_array(hits, start, n_channels)
            hit = hits.values(self.chosen["charge"]) != 0  # NaN counts, to be found below
            hits = hits.only(hit)
        if self.branches.no_hit is not None:
            absent = hits.values(self.branches.no_hit)
            self.tally["no hit"] += int(np.count_nonzero(absent))
            hits = hits.only(~absent)
        hits, channel = self._channels(hits)
        self._check_channels(channel, hits.entry, n_channels)
        hits, charge, channel = self._charges(hits, channel)
        time = self._times(hits) if self.is_raw else hits.values(self.chosen["time"])
        found = {"channel": channel, "charge": charge, "time": time}
        cast = {
            name: self._cast(name, found[name], kind, hits.entry)
            for name, kind in HIT_KINDS.items()
        }
        return {**cast, "offsets": hits.offsets}

    def _as_they_stand(self, columns: Mapping[str, Column], start: int) -> _Hits:
        names = self._of_hits
        read = dict.fromkeys(branch for name in names for branch in self.chosen[name].names)
        if self.branches.no_hit is not None:
            read |= dict.fromkeys(self.branches.no_hit.names)
        chosen, inner = self._flattened({branch: columns[branch] for branch in read})
        offsets = self._common_offsets(names, chosen, start)
        counts = np.diff(offsets)
        first = np.repeat(offsets[:-1], counts)
        # a number per event (a trigger time, say) counts for each of its hits
        flat = {
            branch: column.content if isinstance(column, Jagged) else np.repeat(column, counts)
            for branch, column in chosen.items()
            if not isinstance(column, Nested)
        }
        return _Hits(
            offsets=offsets,
            entry=np.repeat(np.arange(start, start + len(counts)), counts),
            place=np.arange(len(first)) - first if inner is None else inner,
            flat=flat,
            jagged=frozenset(name for name in chosen if isinstance(chosen[name], Jagged)),
        )

    def _flattened(
        self, columns: dict[str, Column]
    ) -> tuple[dict[str, Column], NDArray[np.int64] | None]:
        """Lists of lists as lists, what belongs to an inner list given to each of its values, and
        the place of the inner list of each."""
        nested = {name: column for name, column in columns.items() if isinstance(column, Nested)}
        if not nested or not self.branches.flatten:
            return columns, None
        first = next(iter(nested.values()))
        lengths = np.diff(first.inner)
        result = dict(columns)
        for name, column in columns.items():
            if isinstance(column, Nested):
                result[name] = Jagged(column.inner[column.offsets], column.content)
            elif isinstance(column, Jagged) and np.array_equal(column.offsets, first.offsets):
                content = np.repeat(column.content, lengths)
                result[name] = Jagged(first.inner[first.offsets], content)
        outer = np.diff(first.offsets)
        place = np.arange(len(lengths)) - np.repeat(first.offsets[:-1], outer)
        return result, np.repeat(place, lengths)

    def _common_offsets(
        self, names: tuple[str, ...], columns: Mapping[str, Column], start: int
    ) -> NDArray[np.int64]:
        first: tuple[str, Jagged] | None = None
        for name in names:
            lists = {branch: columns[branch] for branch in self.chosen[name].names}
            for branch, column in lists.items():
                if isinstance(column, Nested):
                    remedy = "write `flatten: true` under branches if the inner lists are hits"
                    raise self._fault(
                        name, "is a list of lists per event", None, branch, remedy=remedy
                    )
            if not any(isinstance(column, Jagged) for column in lists.values()):
                raise self._fault(name, "is not a list of hits", None)
            for branch, column in lists.items():
                if not isinstance(column, Jagged):
                    continue
                first = first or (branch, column)
                if len(wrong := np.flatnonzero(column.counts != first[1].counts)):
                    lengths = f"{column.counts[wrong[0]]} hits where {first[0]} has {first[1].counts[wrong[0]]}"
                    raise self._fault(name, f"has {lengths}", start + int(wrong[0]), branch)
        assert first is not None
        return first[1].offsets

    def _check_array(self, hits: _Hits, start: int, n_channels: int | None) -> None:
        """An array has a value for each photomultiplier, or nobody knows which are which."""
        if n_channels is None or self.branches.channel_map is not None or self.branches.flatten:
            return
        counts = np.diff(hits.offsets)
        if len(wrong := np.flatnonzero(counts != n_channels)):
            raise self._fault(
                "charge",
                f"has {counts[wrong[0]]} values where the geometry has {n_channels} photomultipliers",
                start + int(wrong[0]),
                remedy="give the detector's own `geometry: {file: pmts.csv}`, or `layout: hits`",
            )

    def _channels(self, hits: _Hits) -> tuple[_Hits, NDArray[Any]]:
        """Hits in the geometry, and their channels."""
        numbers = hits.place if self.branches.array_per_pmt else hits.values(self.chosen["channel"])
        channel_map = self.branches.channel_map if self.is_raw else None
        if channel_map is None:
            return hits, numbers
        channel = channel_map.find(numbers)
        if len(wrong := np.flatnonzero(channel == ChannelMap.UNKNOWN)):
            raise self._fault(
                "channel",
                f"is {numbers[wrong[0]]:g}, which is not in the channel map {channel_map.file}",
                int(hits.entry[wrong[0]]),
                remedy="add it, with channel -1 if its hits are to be left out",
            )
        inside = channel != LEFT_OUT
        self.tally["not in the geometry"] += int(np.count_nonzero(~inside))
        return hits.only(inside), channel[inside]

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
                remedy="number the PMTs as the geometry does, or give `geometry: {channel_map: map.csv}`",
            )

    def _charges(
        self, hits: _Hits, channel: NDArray[Any]
    ) -> tuple[_Hits, NDArray[Any], NDArray[Any]]:
        charge = hits.values(self.chosen["charge"])
        negative = charge < 0
        if not self.is_raw or not (count := int(np.count_nonzero(negative))):
            return hits, charge, channel
        if self.branches.negative_charges == "refuse":
            wrong = int(np.argmax(negative))
            raise self._fault(
                "charge",
                f"is {charge[wrong]:g} PE, negative",
                int(hits.entry[wrong]),
                remedy="say in branches.no_hit what is not a hit (`no_hit: adc == -1`), or set "
                "branches.negative_charges to drop or keep",
            )
        self.tally["negative"] += count
        if self.branches.negative_charges == "keep":
            return hits, charge, channel
        return hits.only(~negative), charge[~negative], channel[~negative]

    def _times(self, hits: _Hits) -> NDArray[Any]:
        """Times from the first hit of each event [ns]."""
        expression = self.chosen["time"]
        times = times_from_first_hit(expression, hits.flat, hits.offsets)
        if not np.isfinite(times).all():  # which one, the times as they stand show
            self._finite("time", hits.values(expression), hits.entry)
        spacing, event = time_spacing(expression, hits.flat, hits.jagged, hits.offsets)
        if spacing > self.branches.time_spacing_ns:
            raise self._fault(
                "time",
                f"lies {spacing:.3g} ns from the next number that the file can hold: the times between "
                "hits are lost",
                int(hits.entry[hits.offsets[event]]),
                remedy="write times from the start of the event, or as 64-bit integers; a coarser clock is "
                "allowed by branches.time_spacing_ns",
            )
        return times

    # -- types

    def _finite(self, name: str, values: NDArray[Any], entry: NDArray[Any]) -> None:
        if values.dtype.kind == "f" and len(wrong := np.flatnonzero(~np.isfinite(values))):
            raise self._fault(
                name, f"is {values[wrong[0]]}", int(entry[wrong[0]]), remedy="write finite numbers"
            )

    def _cast(
        self, name: str, values: NDArray[Any], kind: Any, entry: NDArray[Any], finite: bool = True
    ) -> NDArray[Any]:
        """Values as their type, after all that could be lost thereby is refused."""
        if finite:
            self._finite(name, values, entry)
        if np.issubdtype(kind, np.integer) and values.dtype != kind:
            self._check_whole(name, values, kind, entry)
        elif kind == np.float32 and values.dtype.itemsize > 4:
            beyond = np.abs(values) > np.finfo(np.float32).max
            if len(wrong := np.flatnonzero(beyond)):
                problem = f"is {values[wrong[0]]:g}, beyond all that can be"
                raise self._fault(name, problem, int(entry[wrong[0]]))
        elif name.startswith("extra.") and values.dtype.kind in "iu":
            wide = (values > LARGEST_EXACT) | (values < -LARGEST_EXACT)
            if len(wrong := np.flatnonzero(wide)):
                problem = f"is {values[wrong[0]]}, beyond 2^53, and a variable of cuts would lose its last digits"
                remedy = "subtract what all have in common, e.g. `number - 4000000000000000000`"
                raise self._fault(name, problem, int(entry[wrong[0]]), remedy=remedy)
        return np.ascontiguousarray(values, dtype=kind)

    def _check_whole(self, name: str, values: NDArray[Any], kind: Any, entry: NDArray[Any]) -> None:
        limits = np.iinfo(kind)
        wrong = np.flatnonzero((values % 1 != 0) | (values < limits.min) | (values > limits.max))
        if len(wrong):
            problem = (
                f"is {values[wrong[0]]:g}, not a whole number from {limits.min} to {limits.max}"
            )
            raise self._fault(name, problem, int(entry[wrong[0]]), remedy="change its expression")
        if values.dtype.kind == "f" and len(wrong := np.flatnonzero(values > LARGEST_EXACT)):
            raise self._fault(
                name,
                f"is {values[wrong[0]]:.17g}, beyond 2^53, where floating-point numbers are not all whole ones",
                int(entry[wrong[0]]),
                remedy="take an integer branch, in sums, differences and products of whole numbers only",
            )

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
