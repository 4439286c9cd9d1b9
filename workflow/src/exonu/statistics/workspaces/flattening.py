"""Workspace to flat arrays: names, parameters and the `Flat` model of the kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from exonu.core.errors import InputError
from exonu.statistics.engine.flat import (
    CODE0,
    CODE1,
    CODE2,
    CODE4,
    CODE4P,
    FREE,
    LINEAR,
    SQUARE,
    Flat,
    FloatArray,
    IntArray,
)
from exonu.statistics.workspaces.parameters import ParameterSet, collect
from exonu.statistics.workspaces.workspace_reading import Json, Reader

INTERPOLATION = {"normsys": "code4", "histosys": "code4p"}
"""pyhf's default of a workspace; its JSON does not say which code was meant."""
CODES = {
    "normsys": {"code1": CODE1, "code4": CODE4},
    "histosys": {"code0": CODE0, "code2": CODE2, "code4p": CODE4P},
}
_SIDE = 1e-13
"""How far apart the last value of a piece and the first of the next are taken to be."""


def interpolation_codes(interpolation: Mapping[str, str] | None) -> dict[str, str]:
    """The codes of both kinds of modifier, those that are not given by default.

    Raises:
        InputError: a code that HistFactory does not have.

    >>> interpolation_codes({"histosys": "code0"})
    {'normsys': 'code4', 'histosys': 'code0'}
    """
    codes = {**INTERPOLATION, **(interpolation or {})}
    for kind, code in codes.items():
        if code not in CODES.get(kind, {}):
            known = ", ".join(CODES.get(kind, CODES))
            raise InputError(
                f"{code!r} is not known", field=f"interpolation of {kind}", remedy=f"one of {known}"
            )
    return codes


# Coefficients a1..a6 of code4 from its value, slope and curvature at ±1 (pyhf.interpolators.code4,
# α0 = 1).
_CODE4_INVERSE = (
    np.array(
        [
            [15.0, -15.0, -7.0, -7.0, 1.0, -1.0],
            [24.0, 24.0, -9.0, 9.0, 1.0, 1.0],
            [-10.0, 10.0, 10.0, 10.0, -2.0, 2.0],
            [-24.0, -24.0, 14.0, -14.0, -2.0, -2.0],
            [3.0, -3.0, -3.0, -3.0, 1.0, -1.0],
            [8.0, 8.0, -5.0, 5.0, 1.0, 1.0],
        ]
    )
    / 16.0
)


def code4_coefficients(down: float, up: float) -> FloatArray:
    """a1..a6, ln(up), ln(down) of a normsys."""
    up, down = float(up), float(down)  # a whole number of JSON may be beyond 64 bits
    log_up, log_down = np.log(up), np.log(down)
    b = [up - 1, down - 1, log_up * up, -log_down * down, log_up**2 * up, log_down**2 * down]
    return np.concatenate([_CODE4_INVERSE @ np.array(b), [log_up, log_down]])


@dataclass(frozen=True)
class Layout:
    """Names and settings that go with a `Flat` model; arrays over parameters have length P, over
    data B + A."""

    flat: Flat
    parameters: tuple[str, ...]
    groups: Mapping[str, tuple[int, ...]]  # parameter indices of each modifier name
    poi: str
    tied: Mapping[str, str]  # tied normfactor -> parameter it is the square of
    channels: Mapping[str, slice]
    samples: tuple[tuple[str, str], ...]  # (channel, sample) of each component
    init: FloatArray
    fixed: np.ndarray[Any, np.dtype[np.bool_]]
    nominal_data: FloatArray  # observed events (zero for a bare model), then auxiliary measurements
    default_poi_bounds: bool
    interpolation: Mapping[str, str]  # code by kind of modifier
    make_full: Callable[[], Flat]  # the same model with no profiled parameter: for covariances


def compile_layout(
    channels_spec: Json,
    settings: list[Json],
    poi: str,
    observations: Json | None,
    poi_map: Mapping[str, str] | None,
    file: str | Path | None,
    interpolation: Mapping[str, str] | None = None,
) -> Layout:
    """Check and compile the channels of a workspace (or of a pyhf model: observations None)."""
    normfactors = {
        m["name"]
        for c in channels_spec.get("channels") or ()
        for s in c.get("samples") or ()
        for m in s.get("modifiers") or ()
        if m["type"] == "normfactor"
    }
    reader = Reader(file)
    tied = reader.ties(poi, poi_map, normfactors)
    reader = Reader(file, signal={*tied, *tied.values(), poi} if tied else ())
    channels = reader.channels(channels_spec)
    sets = collect(reader, channels, settings)
    for name in tied:
        del sets[name]
    names = [name for parameter_set in sets.values() for name in parameter_set.names]
    if poi not in names:
        what = (
            "the measurement names no parameter of interest"
            if not poi
            else f"no parameter {poi!r} in the model"
        )
        reader.refuse(what, "measurements, poi", "name a normfactor of the signal sample")
    indices: dict[str, tuple[int, ...]] = {}
    for name, parameter_set in sets.items():
        start = sum(len(found) for found in indices.values())
        indices[name] = tuple(range(start, start + len(parameter_set.names)))
    bins = sum(len(channel["samples"][0]["data"]) for channel in channels)
    counts = (
        reader.observations(observations, channels) if observations is not None else [0.0] * bins
    )
    codes = interpolation_codes(interpolation)
    flat = _flatten(reader, channels, sets, indices, tied, bins, codes, profile=True)
    auxiliary = [a for s in sets.values() if s.constraint != FREE for a in s.measured]
    slices, begin = {}, 0
    for channel in channels:
        end = begin + len(channel["samples"][0]["data"])
        slices[str(channel["name"])] = slice(begin, end)
        begin = end
    layout = Layout(
        flat=flat,
        parameters=tuple(names),
        groups=indices,
        poi=poi,
        tied=tied,
        channels=slices,
        samples=tuple((str(c["name"]), str(s["name"])) for c in channels for s in c["samples"]),
        init=np.array([x for s in sets.values() for x in s.init]),
        fixed=np.array([x for s in sets.values() for x in s.fixed], dtype=np.bool_),
        nominal_data=np.array(counts + auxiliary),
        default_poi_bounds=sets[poi].default_bounds,
        interpolation=codes,
        make_full=lambda: _flatten(
            reader, channels, sets, indices, tied, bins, codes, profile=False
        ),
    )
    _check_bins(reader, layout)
    return layout


def _check_bins(reader: Reader, layout: Layout) -> None:
    """Refuse a bin with events that no sample can produce: its likelihood is zero whatever the
    parameters are."""
    m = layout.flat
    possible = (m.nominal != 0.0).any(axis=0)
    for c in range(m.first.size):
        for h in range(m.shift_start[c], m.shift_start[c + 1]):
            possible |= (m.shift_up[h] != 0.0) | (m.shift_down[h] != 0.0)
    for channel, where in layout.channels.items():
        if not possible[where].any():
            reader.refuse(
                "is empty: every sample is zero in every bin",
                f"channel {channel}",
                "remove the channel",
            )
        for b in range(where.start, where.stop):
            if layout.nominal_data[b] > 0.0 and not possible[b]:
                place = b - where.start
                reader.refuse(
                    f"bin {place} has {layout.nominal_data[b]:g} observed events, but every sample is zero there",
                    f"channel {channel}",
                    "give a sample a yield in that bin or merge it with its neighbour",
                )


@dataclass
class _Component:
    """One sample in one channel: its lists of factors, shifts and bin-wise parameters."""

    first: int
    last: int
    nominal: list[float]
    factors: list[tuple[int, int, FloatArray]]
    shifts: list[tuple[int, FloatArray, FloatArray]]
    locals: list[IntArray]


def _flatten(
    reader: Reader,
    channels: list[Json],
    sets: dict[str, ParameterSet],
    indices: dict[str, tuple[int, ...]],
    tied: Mapping[str, str],
    bins: int,
    codes: Mapping[str, str],
    profile: bool,
) -> Flat:
    norm, shift = (CODES[kind][codes[kind]] for kind in ("normsys", "histosys"))
    parts: list[_Component] = []
    used: dict[str, int] = {}  # staterror: entries of the parameter set used by the channels before
    begin = 0
    for channel in channels:
        end = begin + len(channel["samples"][0]["data"])
        here: set[str] = set()
        for sample in channel["samples"]:
            part = _Component(begin, end, [float(x) for x in sample["data"]], [], [], [])
            scales = set()
            for modifier in sample.get("modifiers") or ():
                kind, name = modifier["type"], modifier["name"]
                if kind in ("normfactor", "lumi"):
                    scales.add(tied.get(name, name))
                    power = SQUARE if name in tied else LINEAR
                    part.factors.append((power, indices[tied.get(name, name)][0], np.zeros(8)))
                elif kind == "normsys":
                    coefficients = code4_coefficients(
                        modifier["data"]["lo"], modifier["data"]["hi"]
                    )
                    part.factors.append((norm, indices[name][0], coefficients))
                elif kind == "histosys":
                    nominal = np.array(sample["data"], dtype=float)
                    up, down = (
                        np.array(modifier["data"][key], dtype=float)
                        for key in ("hi_data", "lo_data")
                    )
                    part.shifts.append((indices[name][0], up - nominal, nominal - down))
                else:
                    offset = used.get(name, 0) if kind == "staterror" else 0
                    here.update([name] if kind == "staterror" else [])
                    part.locals.append(
                        np.array(indices[name][offset : offset + end - begin], dtype=np.int64)
                    )
            if len(scales) < len([f for f in part.factors if f[0] not in (CODE1, CODE4)]):
                where = f"channel {channel['name']}, sample {sample['name']}"
                reader.refuse(
                    "is scaled by the parameter of interest and by its square",
                    where,
                    "use two samples",
                )
            parts.append(part)
        for name in here:
            used[name] = used.get(name, 0) + end - begin
        begin = end
    gamma = _profiled(parts, sets, indices, bins) if profile else np.full(bins, -1, dtype=np.int64)
    return _arrays(parts, sets, gamma, bins, shift)


def _kinks(parts: list[_Component], shift: int) -> list[tuple[int, float, float]]:
    """Where the codes bend or jump: parameter, last value of one piece, first of the next."""
    found = {(p, -_SIDE, 0.0) for part in parts for kind, p, _ in part.factors if kind == CODE1}
    for p in {p for part in parts for p, _, _ in part.shifts}:
        if shift == CODE0:
            found.add((p, -_SIDE, 0.0))
        elif shift == CODE2:
            found |= {(p, -1.0 - _SIDE, -1.0), (p, 1.0, 1.0 + _SIDE)}
    return sorted(found)


def _profiled(
    parts: list[_Component],
    sets: dict[str, ParameterSet],
    indices: dict[str, tuple[int, ...]],
    bins: int,
) -> IntArray:
    """The parameter of each bin to profile in closed form: one that acts in this bin only,
    constrained ones first."""
    places: dict[int, set[int]] = {}
    for part in parts:
        for row in part.locals:
            for b, p in enumerate(row, part.first):
                places.setdefault(int(p), set()).add(b)
    free = {p for name, s in sets.items() if s.constraint == FREE for p in indices[name]}
    gamma = np.full(bins, -1, dtype=np.int64)
    for p in sorted(places, key=lambda p: (p in free, -p)):
        if len(places[p]) == 1:
            (b,) = places[p]
            if gamma[b] < 0:
                gamma[b] = p
    return gamma


def _arrays(
    parts: list[_Component],
    sets: dict[str, ParameterSet],
    gamma: IntArray,
    bins: int,
    shift: int,
) -> Flat:
    count, kinks = len(parts), _kinks(parts, shift)
    nominal, has_gamma = np.zeros((count, bins)), np.zeros((count, bins))
    present = np.zeros((count, bins), dtype=np.bool_)
    factors = [factor for part in parts for factor in part.factors]
    shifts: list[tuple[int, FloatArray, FloatArray]] = []
    locals_: list[IntArray] = []
    local_counts = []
    for c, part in enumerate(parts):
        s = slice(part.first, part.last)
        nominal[c, s], present[c, s] = part.nominal, True
        for p, up, down in part.shifts:
            wide_up, wide_down = np.zeros(bins), np.zeros(bins)
            wide_up[s], wide_down[s] = up, down
            shifts.append((p, wide_up, wide_down))
        rows = []
        for row in part.locals:
            profiled = row == gamma[s]
            has_gamma[c, s] += profiled
            if not profiled.all():
                wide = np.full(bins, -1, dtype=np.int64)
                wide[s] = np.where(profiled, -1, row)
                rows.append(wide)
        locals_ += rows
        local_counts.append(len(rows))
    total = sum(len(s.names) for s in sets.values())
    constraint = np.array([s.constraint for s in sets.values() for _ in s.names], dtype=np.int64)
    measured = np.full(total, -1, dtype=np.int64)
    measured[constraint != FREE] = bins + np.arange(np.count_nonzero(constraint != FREE))
    dense = np.setdiff1d(np.arange(total), gamma).astype(np.int64)
    column = np.full(total, -1, dtype=np.int64)
    column[dense] = np.arange(dense.size)

    def starts(lengths: list[int]) -> IntArray:
        return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)

    def table(rows: list[FloatArray], width: int) -> FloatArray:
        return np.array(rows, dtype=float).reshape(len(rows), width)

    return Flat(
        first=np.array([part.first for part in parts], dtype=np.int64),
        last=np.array([part.last for part in parts], dtype=np.int64),
        nominal=nominal,
        factor_start=starts([len(part.factors) for part in parts]),
        factor_kind=np.array([kind for kind, _, _ in factors], dtype=np.int64),
        factor_parameter=np.array([p for _, p, _ in factors], dtype=np.int64),
        factor_code4=table([c for _, _, c in factors], 8),
        shift_start=starts([len(part.shifts) for part in parts]),
        shift_parameter=np.array([p for p, _, _ in shifts], dtype=np.int64),
        shift_code=np.full(len(shifts), shift, dtype=np.int64),
        shift_up=table([up for _, up, _ in shifts], bins),
        shift_down=table([down for _, _, down in shifts], bins),
        local_start=starts(local_counts),
        local_parameter=np.array(locals_, dtype=np.int64).reshape(len(locals_), bins),
        gamma=gamma,
        has_gamma=has_gamma,
        mixed=bool((present & (has_gamma == 0.0) & (gamma >= 0)).any()),
        dense=dense,
        column=column,
        constraint=constraint,
        width=np.array([x for s in sets.values() for x in s.width]),
        measured=measured,
        lower=np.array([x for s in sets.values() for x in s.lower]),
        upper=np.array([x for s in sets.values() for x in s.upper]),
        kink_parameter=np.array([p for p, _, _ in kinks], dtype=np.int64),
        kink_below=np.array([below for _, below, _ in kinks], dtype=float),
        kink_above=np.array([above for _, _, above in kinks], dtype=float),
    )
