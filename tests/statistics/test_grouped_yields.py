"""Sums over classes and ranges: those of the rows and bins that they are made of."""

import numpy as np

from exonu.statistics import fit, grouped_yields, yields
from exonu.statistics.examples import two_bins


def test_groups_are_the_rows_and_bins_of_yields():
    result = fit(two_bins())
    found = yields(result)
    samples, bins = found.after_by_sample.shape
    everything = np.ones((samples, bins), dtype=bool)
    by_sample = [np.arange(samples)[:, None] == number for number in range(samples)]
    by_bin = [np.arange(bins) == number for number in range(bins)]
    groups = [everything & group for group in [*by_sample, *by_bin, everything]]
    before, after = grouped_yields(result, groups)
    rows = found.rows
    np.testing.assert_allclose(
        before[:samples], [(row.before, row.before_error) for row in rows[:samples]]
    )
    np.testing.assert_allclose(
        after[:samples], [(row.after, row.after_error) for row in rows[:samples]]
    )
    np.testing.assert_allclose(
        after[samples:-1], np.stack([found.after, found.after_error], axis=1)
    )
    np.testing.assert_allclose(after[-1], (rows[-1].after, rows[-1].after_error))
    # correlated: the error of the sum is not the sum of squares of the bins' errors
    assert abs(after[-1, 1] ** 2 / (after[samples:-1, 1] ** 2).sum() - 1) > 0.01
