"""How many photoelectrons a charge was: what the spread of single photoelectrons leaves to be
known.

A photomultiplier that gets k photoelectrons, Poisson distributed around μ, gives a charge q from a
gamma distribution of mean k and variance k s². Its likelihood is h(q, μ) = log Σ_k μ^k f(q | k) /
k!, without the e^−μ that all share, and ∂h/∂log μ = E[k | q, μ]. So the vertex of charges is the
one of numbers of photoelectrons, as expected at that vertex: the EM algorithm of Dempster, Laird
and Rubin, J. R. Stat. Soc. B 39, 1 (1977). One photoelectron is one, whatever its charge; of many,
the charge says more than the expectation."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

FIRST_LOG_CHARGE, LOG_CHARGE_STEP, LOG_CHARGES = np.log(0.1), 0.05, 128
"""The table's charges, to 57 PE; above, numbers of photoelectrons are as good as continuous."""
FIRST_LOG_MEAN, LOG_MEAN_STEP, LOG_MEANS = -13.0, 0.2, 96
"""The table's means μ, to 400 PE."""


@cache  # of every run, with its own dead photomultipliers, it is the same
def counting_table(single_pe_resolution: float) -> NDArray[np.float32]:
    """E[k | q, μ] and h(q, μ), the latter up to a constant of each q.

    Args:
        single_pe_resolution: standard deviation s of the charge of one photoelectron [PE], above 0.

    Returns:
        Shape (LOG_CHARGES, LOG_MEANS, 2).

    >>> table = counting_table(0.4)
    >>> at = round((np.log(1.6) - FIRST_LOG_CHARGE) / LOG_CHARGE_STEP)  # a charge of 1.6
    >>> # is one where 0.05 are expected, nearly two where 4 are
    >>> [f"{number:.2f}" for number in table[at, [50, 72], 0]]
    ['1.05', '1.89']
    """
    q = np.exp(FIRST_LOG_CHARGE + LOG_CHARGE_STEP * np.arange(LOG_CHARGES))[:, None]
    k, inverse = np.arange(1, 150), 1 / single_pe_resolution**2
    log_density = (k * inverse - 1) * np.log(q * inverse) - q * inverse - gammaln(k * inverse)
    log_density -= log_density.max(axis=1, keepdims=True) + gammaln(k + 1)
    table = np.empty((LOG_CHARGES, LOG_MEANS, 2), dtype=np.float32)
    for column in range(LOG_MEANS):
        terms = log_density + k * (FIRST_LOG_MEAN + LOG_MEAN_STEP * column)
        largest = terms.max(axis=1, keepdims=True)
        weights = np.exp(terms - largest)
        total = weights.sum(axis=1)
        table[:, column, 0] = weights @ k / total
        table[:, column, 1] = largest[:, 0] + np.log(total)
    return table
