"""Coverage: how often the CLs limit of toy data lies above the truth they were drawn at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exonu.core.errors import InputError
from exonu.statistics.flat import FloatArray
from exonu.statistics.limits import cls_value
from exonu.statistics.model import Model
from exonu.statistics.toys import data_profile, fit_toys, generator, sample_data


@dataclass(frozen=True)
class Coverage:
    """Coverage at one true value.

    Attributes:
        true_value: μ the toys were drawn at.
        n_toys: toys that were fitted; ``failed`` ones are left out.
        covered: toys whose asymptotic CLs limit does not exclude the truth, CLs(true value) ≥ α.
        fraction, error: covered / n_toys and its binomial error.
        excess: fraction less the confidence level: CLs over-covers where sensitivity is small.
        mean_best_fit, mean_best_fit_error: of μ̂ (which is bounded at zero), to judge injection.
    """

    true_value: float
    confidence_level: float
    n_toys: int
    covered: int
    fraction: float
    error: float
    excess: float
    mean_best_fit: float
    mean_best_fit_error: float
    failed: int
    multimodal: int


def coverage(
    model: Model,
    true_values: Sequence[float],
    n_toys: int,
    seed: int,
    data: Sequence[float] | FloatArray | None = None,
    confidence_level: float = 0.90,
) -> list[Coverage]:
    """Coverage of the asymptotic CLs upper limit at several true values.

    Toys are drawn at each true μ with the nuisance parameters fitted to the data under it; for each toy, CLs(true μ) is
    computed with the toy's own background-only Asimov data, as its limit would be.

    Args:
        model, data, confidence_level: as for `upper_limit`.
        true_values: μ > 0.
        n_toys: toys per value.
        seed: one number per analysis and mass.

    >>> from exonu.statistics.examples import two_bins
    >>> point, = coverage(two_bins(), [1.0], n_toys=200, seed=3)
    >>> bool(point.fraction > 0.8), point.failed
    (True, 0)
    """
    from exonu.statistics.batch import FAILED, MU_HAT, MULTIMODAL, Q_ASIMOV, Q

    if n_toys <= 0:
        raise InputError(f"must be > 0 (got {n_toys})", field="n_toys")
    profile = data_profile(model, data)
    threshold = np.log(1.0 - confidence_level)
    out = []
    for value in true_values:
        if not value > 0.0:
            raise InputError(f"must be > 0 (got {value!r})", field="true_values")
        mu = float(value)
        truth = profile.at(mu)
        toys = sample_data(model, truth.theta, n_toys, generator(seed, mu, "signal", 0))
        rows = fit_toys(model, toys, mu, truth, truth, asimov=True)
        good = rows[rows[:, FAILED] == 0.0]
        n = len(good)
        log_cls = np.array([cls_value(q, q_a) for q, q_a in good[:, [Q, Q_ASIMOV]]])
        covered = int(np.count_nonzero(log_cls >= threshold))
        fraction = covered / n if n else float("nan")
        error = float(np.sqrt(max(fraction * (1.0 - fraction), 1.0 / n**2) / n)) if n else float("nan")
        best = good[:, MU_HAT]
        out.append(
            Coverage(
                true_value=mu,
                confidence_level=confidence_level,
                n_toys=n,
                covered=covered,
                fraction=fraction,
                error=error,
                excess=fraction - confidence_level,
                mean_best_fit=float(best.mean()) if n else float("nan"),
                mean_best_fit_error=float(best.std() / np.sqrt(n)) if n else float("nan"),
                failed=len(rows) - n,
                multimodal=int(good[:, MULTIMODAL].sum()),
            )
        )
    return out
