"""How often the statement of each convention covers the truth, on the same toys."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from exonu.core.errors import InputError
from exonu.statistics.asymptotic import log_cls_value
from exonu.statistics.engine.flat import FloatArray
from exonu.statistics.intervals import REPORTED_FROM
from exonu.statistics.intervals.two_sided import expected_targets, p_value
from exonu.statistics.profiles import ProfilePair, profile_pair
from exonu.statistics.toy_coverages import Coverage, coverage_of
from exonu.statistics.toys import fit_toys, generator, one_sided, sample_data
from exonu.statistics.workspaces.compiled_model import Model

BoolRow = np.typing.NDArray[np.bool_]


def convention_coverage(
    model: Model,
    true_values: Sequence[float],
    n_toys: int,
    seed: int,
    data: Sequence[float] | FloatArray | ProfilePair | None = None,
    confidence_level: float = 0.90,
) -> list[Coverage]:
    """Coverage of the conventions at several true values.

    The methods are `cls` (asymptotic upper limit), `two-sided` (asymptotic interval),
    `xenon-lz-2021` (its upper end, power constrained at -1 σ of the toy's own expectation, unless
    the toy's significance is 3 or more: then both ends) and `feldman-cousins` (interval by the
    distribution of t under the truth, from as many other toys with its nuisance parameters).

    Args:
        model, data, confidence_level: as for `upper_limit`.
        true_values: μ > 0.
        n_toys: toys per value.
        seed: one number per analysis and mass.
    """
    from exonu.statistics.engine.batch import FAILED, MU_HAT, MULTIMODAL, T

    if n_toys <= 0:
        raise InputError(f"must be > 0 (got {n_toys})", field="n_toys")
    profile = profile_pair(model, data).observed
    found: dict[str, list[Coverage]] = {}
    for value in true_values:
        if not value > 0.0:
            raise InputError(f"must be > 0 (got {value!r})", field="true_values")
        mu = float(value)

        def rows(stream: int, asimov: bool, mu: float = mu) -> FloatArray:
            toys = sample_data(
                model, profile.at(mu).theta, n_toys, generator(seed, mu, "signal", stream)
            )
            return fit_toys(profile.model, toys, mu, profile.at(mu), profile.at(mu), asimov)

        tested, reference = rows(0, True), rows(1, False)
        good = tested[tested[:, FAILED] == 0.0]
        other = reference[reference[:, FAILED] == 0.0][:, T]
        covered = _covered(good, np.sort(other), mu, 1.0 - confidence_level)
        for method, hit in covered.items():
            found.setdefault(method, []).append(
                coverage_of(
                    method,
                    mu,
                    confidence_level,
                    hit,
                    good[:, MU_HAT],
                    failed=len(tested) - len(good),
                    multimodal=int(good[:, MULTIMODAL].sum()),
                    reference=other.size if method == "feldman-cousins" else None,
                )
            )
    return [point for points in found.values() for point in points]


def _covered(good: FloatArray, other: FloatArray, mu: float, alpha: float) -> Mapping[str, BoolRow]:
    from exonu.statistics.engine.batch import MU_HAT, Q_ASIMOV, T_ZERO, T

    t, mu_hat, q_a, t_zero = (good[:, column] for column in (T, MU_HAT, Q_ASIMOV, T_ZERO))
    q = one_sided(t, mu_hat, mu)
    excluded = np.array([log_cls_value(*pair) for pair in zip(q, q_a, strict=True)])
    p = np.array([p_value(a, math.sqrt(b)) for a, b in zip(t, q_a, strict=True)])
    inside = p >= alpha
    little_power = np.sqrt(q_a) <= expected_targets(alpha)[1]
    below_upper_end = inside | (mu_hat >= mu) | little_power
    tail = 1.0 - np.searchsorted(other, t, side="left") / max(other.size, 1)
    return {
        "cls": excluded >= math.log(alpha),
        "two-sided": inside,
        "xenon-lz-2021": np.where(np.sqrt(t_zero) >= REPORTED_FROM, inside, below_upper_end),
        "feldman-cousins": tail > alpha,
    }
