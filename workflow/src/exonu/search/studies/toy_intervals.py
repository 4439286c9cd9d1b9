"""Feldman-Cousins intervals and significances from toys, in shares that jobs make and one joins."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from exonu.core.errors import InputError
from exonu.core.files import finite, plain
from exonu.core.types import Json
from exonu.statistics import ProfilePair, ToyPoint, interval_from_values, toy_discovery, toy_point
from exonu.statistics.intervals.discovery import ToyDiscovery
from exonu.statistics.intervals.feldman_cousins import values_to_test
from exonu.statistics.toys import ToySet


def toys_of(part: Mapping[str, Any]) -> ToySet:
    """A set of toys from its record."""
    q, mu_hat = np.asarray(part["q"], dtype=float), np.asarray(part["mu_hat"], dtype=float)
    return ToySet(q, mu_hat, int(part["failed"]), int(part["multimodal"]), tuple(part["chunks"]))


def share_of_intervals(
    pair: ProfilePair, number: int, chunks: Sequence[int], seed: int, confidence_level: float
) -> Json:
    """A job's share of the toys of the Feldman-Cousins interval and of p0.

    Args:
        pair: the profiles of the data.
        number: all toys per tested value, over all jobs.
        chunks: those of this job.
        seed: of the hypothesis.
        confidence_level: of the interval.

    Returns:
        `points` (none where there is no interval to start from) and `discovery`.
    """
    if not np.isfinite(pair.sigma):
        return {"points": [], "discovery": None}
    try:
        values = values_to_test(pair, confidence_level)
    except InputError:  # no asymptotic interval: its record says why
        values = []
    points = [toy_point(pair.model, mu, number, seed, pair, chunks) for mu in values]
    evidence = toy_discovery(pair.model, number, seed, pair, chunks)
    return plain(
        {
            "points": [dataclasses.asdict(point) for point in points],
            "discovery": dataclasses.asdict(evidence),
        }
    )


def join_intervals(shares: Sequence[Mapping[str, Any]], confidence_level: float) -> Json:
    """The entry `feldman-cousins` of a record's methods, from the shares of all jobs.

    Its `discovery` holds p0 from toys; the best fit is the asymptotic record's."""
    points = [_point(point) for point in shares[0]["points"]]
    for share in shares[1:]:
        points = [sum_ + _point(point) for sum_, point in zip(points, share["points"], strict=True)]
    found = interval_from_values(points, confidence_level)
    return {
        "observed": finite(found.high),
        "expected": None,
        "interval": [finite(found.low), finite(found.high)],
        "crossings": [finite(end) for end in (found.low, found.high) if end > 0.0],
        "confidence_level": confidence_level,
        "discovery": _evidence(shares),
        "record": {
            "construction": "t̃ with toys, nuisance parameters profiled",
            "errors": [finite(found.low_error), finite(found.high_error)],
            "mu": [point.mu for point in points],
            "p": [finite(point.p_value[0]) for point in points],
            "p_error": [finite(point.p_value[1]) for point in points],
            "critical": [finite(point.critical(1 - confidence_level)) for point in points],
            "toys": [point.toys.q.size for point in points],
            "failed": [point.toys.failed for point in points],
        },
    }


def _point(point: Mapping[str, Any]) -> ToyPoint:
    return ToyPoint(point["mu"], point["t_observed"], toys_of(point["toys"]))


def _evidence(shares: Sequence[Mapping[str, Any]]) -> Json | None:
    parts = [share["discovery"] for share in shares if share["discovery"] is not None]
    if not parts:
        return None
    joined = [ToyDiscovery(part["q_observed"], toys_of(part["toys"])) for part in parts]
    whole = joined[0]
    for part in joined[1:]:
        whole = whole + part
    return {
        "p0": finite(whole.p0),
        "p0_error": finite(whole.error),
        "significance": finite(whole.significance),
        "toys": whole.toys.q.size,
        "failed": whole.toys.failed,
    }
