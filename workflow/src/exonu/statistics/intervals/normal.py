"""The standard normal distribution of one number: what limits need of it, without loading scipy."""

from __future__ import annotations

import math
from statistics import NormalDist

from exonu.core.errors import InputError

_NORMAL = NormalDist()
_FAR = -35.0
"""Below this erfc leaves the range of floating point."""


def require_confidence_level(level: float) -> None:
    """Refuse a confidence level that is not between 0.5 and 1: the same bounds everywhere.

    Raises:
        InputError: with the level that was given.
    """
    if not 0.5 < level < 1.0:
        raise InputError(
            f"must lie between 0.5 and 1 (got {level:g})",
            field="confidence_level",
            remedy="write 0.9 for 90 %",
        )


def log_cdf(x: float) -> float:
    """ln Φ(x), to 1e-14 of itself.

    Far below zero by the asymptotic series Φ(x) = φ(x)/|x| · (1 - 1/x² + 3/x⁴ - 15/x⁶ + 105/x⁸).

    >>> print(f"{log_cdf(0.0):.6f} {log_cdf(-40.0):.4f} {log_cdf(9.0):.3g}")
    -0.693147 -804.6084 -1.13e-19
    """
    if x > 0.0:
        return math.log1p(-0.5 * math.erfc(x / math.sqrt(2.0)))
    if x > _FAR:
        return math.log(0.5 * math.erfc(-x / math.sqrt(2.0)))
    if math.isinf(x):
        return -math.inf
    y = 1.0 / (x * x)
    series = -y * (1.0 - y * (3.0 - y * (15.0 - 105.0 * y)))
    return -0.5 * x * x - math.log(-x) - 0.5 * math.log(2.0 * math.pi) + math.log1p(series)


def cdf(x: float) -> float:
    """Φ(x)."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def quantile(p: float) -> float:
    """Φ⁻¹(p); infinite at 0 and 1.

    >>> print(f"{quantile(0.975):.6f} {quantile(0.0)}")
    1.959964 -inf
    """
    if 0.0 < p < 1.0:
        return _NORMAL.inv_cdf(p)
    return math.inf if p >= 1.0 else -math.inf


def significance(p: float) -> float:
    """Z = Φ⁻¹(1 - p), one-sided, exact for the smallest p too.

    >>> print(f"{significance(0.5):.1f} {significance(2.866516e-7):.4f}")
    0.0 5.0000
    """
    return 0.0 - quantile(p)
