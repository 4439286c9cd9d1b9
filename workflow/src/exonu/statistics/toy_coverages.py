"""Coverage: how often the CLs limit of toy data lies above the truth they were drawn at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exonu.core.errors import InputError
from exonu.statistics.asymptotic import log_cls_value
from exonu.statistics.engine.flat import FloatArray
from exonu.statistics.toys import (
    CHUNK_SIZE,
    data_profile,
    fit_toys,
    generator,
    one_sided,
    sample_data,
    toy_cls,
)
from exonu.statistics.workspaces.compiled_model import Model


@dataclass(frozen=True)
class Coverage:
    """Coverage at one true value.

    Attributes:
        method: how the limit or interval of each toy is set, as `asymptotic`, `toys` or a convention.
        true_value: μ the toys were drawn at.
        n_toys: toys that were fitted; ``failed`` ones are left out.
        covered: toys whose limit or interval does not exclude the truth, as CLs(true value) ≥ α.
        fraction, error: covered / n_toys and its binomial error.
        excess: fraction less the confidence level: CLs over-covers where sensitivity is small.
        mean_best_fit, mean_best_fit_error: of μ̂ (which is bounded at zero), to judge injection.
    """

    method: str
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


def coverage_of(
    method: str,
    true_value: float,
    confidence_level: float,
    hit: npt.NDArray[np.bool_],
    best: FloatArray,
    *,
    failed: int,
    multimodal: int,
    reference: int | None = None,
) -> Coverage:
    """Coverage from which toys cover the truth, (T,), and their best fits.

    With `reference`, the number of other toys that the test statistic's distribution is from, the
    error holds the statistics of both."""
    n, covered = hit.size, int(np.count_nonzero(hit))
    fraction = covered / n if n else float("nan")
    share = 1.0 / n + (1.0 / reference if reference else 0.0) if n else float("nan")
    variance = max(fraction * (1.0 - fraction), 1.0 / n**2) if n else float("nan")
    return Coverage(
        method=method,
        true_value=true_value,
        confidence_level=confidence_level,
        n_toys=n,
        covered=covered,
        fraction=fraction,
        error=float(np.sqrt(variance * share)),
        excess=fraction - confidence_level,
        mean_best_fit=float(best.mean()) if best.size else float("nan"),
        mean_best_fit_error=float(best.std() / np.sqrt(best.size)) if best.size else float("nan"),
        failed=failed,
        multimodal=multimodal,
    )


def coverage(
    model: Model,
    true_values: Sequence[float],
    n_toys: int,
    seed: int,
    data: Sequence[float] | FloatArray | None = None,
    confidence_level: float = 0.90,
) -> list[Coverage]:
    """Coverage of the asymptotic CLs upper limit at several true values.

    Toys are drawn at each true μ with the nuisance parameters fitted to the data under it; for each
    toy, CLs(true μ) is computed with the toy's own background-only Asimov data, as its limit would
    be.

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
    from exonu.statistics.engine.batch import FAILED, MU_HAT, MULTIMODAL, Q_ASIMOV, T

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
        rows = fit_toys(profile.model, toys, mu, truth, truth, asimov=True)
        good = rows[rows[:, FAILED] == 0.0]
        q = one_sided(good[:, T], good[:, MU_HAT], mu)
        log_cls = np.array(
            [log_cls_value(*pair) for pair in zip(q, good[:, Q_ASIMOV], strict=True)]
        )
        out.append(
            coverage_of(
                "asymptotic",
                mu,
                confidence_level,
                log_cls >= threshold,
                good[:, MU_HAT],
                failed=len(rows) - len(good),
                multimodal=int(good[:, MULTIMODAL].sum()),
            )
        )
    return out


def toy_coverage(
    model: Model,
    true_values: Sequence[float],
    n_toys: int,
    seed: int,
    data: Sequence[float] | FloatArray | None = None,
    confidence_level: float = 0.90,
) -> list[Coverage]:
    """Coverage of the CLs limit from toys, where asymptotic formulae are in doubt.

    CLs of each toy is taken from the distributions of q̃ under signal and background of other toys,
    as many again, which share its nuisance parameters. The error holds the statistics of both.

    Args:
        model, true_values, data, confidence_level: as for `coverage`.
        n_toys: toys per value, rounded up to whole chunks.
        seed: one number per analysis and mass.
    """
    half = -(-n_toys // CHUNK_SIZE)
    out = []
    for value in true_values:
        drawn = toy_cls(
            model, float(value), 2 * half * CHUNK_SIZE, seed, data, chunk_size=CHUNK_SIZE
        )
        signal, background = drawn.signal.q, np.sort(drawn.background.q)
        tested, reference = signal[: signal.size // 2], np.sort(signal[signal.size // 2 :])
        p_signal = 1.0 - np.searchsorted(reference, tested, side="left") / reference.size
        p_background = 1.0 - np.searchsorted(background, tested, side="left") / background.size
        excluded = p_signal < (1.0 - confidence_level) * p_background
        out.append(
            coverage_of(
                "toys",
                float(value),
                confidence_level,
                ~excluded,
                drawn.signal.mu_hat,
                failed=drawn.failed,
                multimodal=drawn.signal.multimodal + drawn.background.multimodal,
                reference=reference.size,
            )
        )
    return out
