"""Feldman-Cousins: the published intervals of a Poisson process with known background, chunks, and
agreement with the asymptotic interval where that holds."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.stats import poisson

from exonu.core.errors import InputError
from exonu.statistics import (
    FeldmanCousins,
    compile_workspace,
    feldman_cousins,
    interval_from_values,
    toy_point,
    two_sided_interval,
)
from exonu.statistics.examples import modifier, sample, two_bins, workspace_of
from exonu.statistics.workspaces.compiled_model import Model

BACKGROUNDS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)
PUBLISHED = """
0.00,2.44 0.00,1.94 0.00,1.61 0.00,1.33 0.00,1.26 0.00,1.18 0.00,1.08 0.00,1.06 0.00,1.01 0.00,0.98
0.11,4.36 0.00,3.86 0.00,3.36 0.00,2.91 0.00,2.53 0.00,2.19 0.00,1.88 0.00,1.59 0.00,1.39 0.00,1.22
0.53,5.91 0.03,5.41 0.00,4.91 0.00,4.41 0.00,3.91 0.00,3.45 0.00,3.04 0.00,2.67 0.00,2.33 0.00,1.73
1.10,7.42 0.60,6.92 0.10,6.42 0.00,5.92 0.00,5.42 0.00,4.92 0.00,4.42 0.00,3.95 0.00,3.53 0.00,2.78
1.47,8.60 1.17,8.10 0.74,7.60 0.24,7.10 0.00,6.60 0.00,6.10 0.00,5.60 0.00,5.10 0.00,4.60 0.00,3.60
1.84,9.99 1.53,9.49 1.25,8.99 0.93,8.49 0.43,7.99 0.00,7.49 0.00,6.99 0.00,6.49 0.00,5.99 0.00,4.99
2.21,11.47 1.90,10.97 1.61,10.47 1.33,9.97 1.08,9.47 0.65,8.97 0.15,8.47 0.00,7.97 0.00,7.47 0.00,6.47
3.56,12.53 3.06,12.03 2.56,11.53 2.09,11.03 1.59,10.53 1.18,10.03 0.89,9.53 0.39,9.03 0.00,8.53 0.00,7.53
3.96,13.99 3.46,13.49 2.96,12.99 2.51,12.49 2.14,11.99 1.81,11.49 1.51,10.99 1.06,10.49 0.66,9.99 0.00,8.99
4.36,15.30 3.86,14.80 3.36,14.30 2.91,13.80 2.53,13.30 2.19,12.80 1.88,12.30 1.59,11.80 1.33,11.30 0.43,10.30
5.50,16.50 5.00,16.00 4.50,15.50 4.00,15.00 3.50,14.50 3.04,14.00 2.63,13.50 2.27,13.00 1.94,12.50 1.19,11.50
"""  # fmt: skip
"""90 % intervals of the signal for n = 0 to 10 (rows) and the backgrounds above: physics/9711021,
table IV, transcribed; `test_transcription` finds them again by an exact construction."""
PUBLISHED_ENDS = np.array(
    [[[float(end) for end in cell.split(",")] for cell in row.split()] for row in PUBLISHED.split("\n")[1:-1]]
)  # fmt: skip
RAISED = {
    (0, 2.0): 2.34,
    (0, 3.0): 3.46,
    (0, 4.0): 4.37,
    (0, 5.0): 5.22,
    (1, 4.0): 4.6,
    (1, 5.0): 5.7,
}
"""Where the paper raises an upper end, so that it does not rise with the background (sect. IV B):
the larger background whose own upper end it is, by the exact construction in steps of 0.01."""


@cache
def acceptance(background: float, step: float = 0.005) -> tuple[np.ndarray, np.ndarray]:
    """μ, (M,), and whether n is accepted, (M, 60): probabilities summed in the order of R."""
    n, mu = np.arange(60), np.arange(0.0, 18.0, step)
    p = poisson.pmf(n, mu[:, None] + background)
    order = np.argsort(-p / poisson.pmf(n, np.maximum(n, background)), axis=1, kind="stable")
    before = np.cumsum(np.take_along_axis(p, order, axis=1), axis=1)
    before -= np.take_along_axis(p, order, axis=1)
    accepted = np.zeros(p.shape, dtype=bool)
    np.put_along_axis(accepted, order, before < 0.9, axis=1)
    return mu, accepted


def exact_interval(n: int, background: float) -> tuple[float, float]:
    mu, accepted = acceptance(background)
    inside = mu[accepted[:, n]]
    return float(inside[0]), float(inside[-1])


@pytest.mark.parametrize("place", range(len(BACKGROUNDS)))
def test_transcription(place: int) -> None:
    """The table is the exact construction's, to its rounding and the paper's step of 0.005."""
    for n, ends in enumerate(PUBLISHED_ENDS[:, place]):
        background = RAISED.get((n, BACKGROUNDS[place]), BACKGROUNDS[place])
        _, high = exact_interval(n, background)
        assert high == pytest.approx(ends[1], abs=0.013)
        assert exact_interval(n, BACKGROUNDS[place])[0] == pytest.approx(ends[0], abs=0.013)


def counting(n: int, background: float) -> Model:
    samples = [
        sample("signal", [1.0], modifier("mu", "normfactor")),
        sample("background", [background]),
    ]
    return compile_workspace(workspace_of([{"name": "c", "samples": samples}], {"c": [float(n)]}))


def from_toys(n: int, background: float, toys: int, seed: int = 1) -> FeldmanCousins:
    """Steps of 0.4 around the ends, halved down to 0.0125."""
    low, high = exact_interval(n, background)
    points = {
        round(max(end + k * 0.4, 0.0), 4) for end in (low, high) for k in (-1.7, -0.7, 0.3, 1.3)
    }
    model = counting(n, background)
    return feldman_cousins(
        model, toys, seed, points=sorted({0.0, *points}), refine=5, chunk_size=toys
    )


def assert_published(n: int, place: int, toys: int) -> None:
    low, high = PUBLISHED_ENDS[n, place]
    found = from_toys(n, BACKGROUNDS[place], toys)
    assert found.low == pytest.approx(low, abs=0.02), (n, BACKGROUNDS[place])
    assert found.high == pytest.approx(high, abs=0.02), (n, BACKGROUNDS[place])


def exact_p(n: int, total: np.ndarray, background: float) -> np.ndarray:
    """Probability of what is at most as likely, by R, as n; for every mean in `total`."""
    counts = np.arange(80)
    p = poisson.pmf(counts, total[:, None])
    ratio = p / poisson.pmf(counts, np.maximum(counts, background))
    return np.where(ratio <= ratio[:, [n]] * (1 + 1e-9), p, 0.0).sum(axis=1)


def decided(n: int, background: float, mu: float) -> bool:
    """Whether toys have μ in the interval; as many as tell its p from 0.1 by four errors (at most
    90 million, three)."""
    margin = abs(exact_p(n, np.array([mu + background]), background)[0] - 0.1)
    blocks = int(np.clip(0.09 * (4.0 / margin) ** 2 / MILLION, 1, 90)) + 1
    model = counting(n, background)
    points = (
        toy_point(model, mu, blocks * MILLION, 1, chunk=k, chunk_size=MILLION)
        for k in range(blocks)
    )
    return float(np.mean([point.p_value[0] for point in points])) > 0.1


MILLION = 1_000_000
ENOUGH = 1.5e-3
"""Where p differs from 0.1 by more, 0.02 from an end, a million toys find the end."""


def assert_both_sides(n: int, place: int) -> None:
    """0.02 inside of a published end μ is in the interval, 0.02 outside it is not."""
    (low, high), background = PUBLISHED_ENDS[n, place], BACKGROUNDS[place]
    near = np.arange(-0.02, 0.0201, 0.001)
    if low > 0.0:
        inside = low + near[np.argmax(exact_p(n, low + near + background, background))]
        assert decided(n, background, inside)
        assert not decided(n, background, low - 0.02)
    raised = RAISED.get((n, background), background)
    inside = high + near[np.argmax(exact_p(n, high + near + raised, raised))]
    assert decided(n, raised, inside)
    assert not any(decided(n, raised, high + beyond) for beyond in (0.02, 0.2, 0.6, 1.0))


def margin(n: int, place: int) -> float:
    """How far p is from 0.1, 0.02 from the published ends, on the less decided side."""
    background = BACKGROUNDS[place]
    near, found = np.arange(-0.02, 0.0201, 0.001), []
    for end, out in zip(PUBLISHED_ENDS[n, place], (-0.02, 0.02), strict=True):
        if end > 0.0:
            beyond = exact_p(n, np.array([end + out + background]), background)[0]
            found += [exact_p(n, end + near + background, background).max() - 0.1, 0.1 - beyond]
    return float(min(found))


def pieces(n: int, background: float) -> int:
    """Of how many intervals the accepted values of μ consist."""
    _, accepted = acceptance(background)
    return int(np.count_nonzero(np.diff(accepted[:, n].astype(int)))) // 2 + int(accepted[0, n])


@pytest.mark.parametrize(("n", "place"), [(0, 0), (6, 6)])
def test_published_interval(n: int, place: int) -> None:
    assert_published(n, place, 400_000)


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(BACKGROUNDS)))
def test_all_published_intervals(place: int) -> None:
    """n ≤ 10, b ≤ 5, within 0.02, by the code path of any other workspace.

    Where p hardly changes within 0.02 (for n = 9 by 0.0001), or where the upper end is that of a
    second, narrow interval, it is asked on both sides of the published end with more toys.
    """
    for n in range(11):
        raised = (n, BACKGROUNDS[place]) in RAISED
        if raised or margin(n, place) < ENOUGH or pieces(n, BACKGROUNDS[place]) > 1:
            assert_both_sides(n, place)
        else:
            assert_published(n, place, MILLION)


def test_chunks_join_to_the_same_interval() -> None:
    model, values = two_bins(), [0.0, 0.4, 0.8, 1.2]
    whole = feldman_cousins(model, 500, 3, points=values)
    jobs = [[toy_point(model, mu, 500, 3, chunk=k) for mu in values] for k in (1, 0)]
    joined = interval_from_values([a + b for a, b in zip(*jobs, strict=True)], 0.9)
    assert (joined.low, joined.high) == (whole.low, whole.high)
    assert joined.high_error == whole.high_error > 0.0
    with pytest.raises(InputError, match=r"chunks \[0\] given twice"):
        jobs[1][0] + jobs[1][0]
    with pytest.raises(InputError, match="toys of different μ or data"):
        jobs[0][0] + jobs[1][1]


def test_where_counts_are_large_it_is_the_asymptotic_interval() -> None:
    samples = [
        sample("signal", [100.0, 50.0], modifier("mu", "normfactor")),
        sample("b", [1e4, 2e4], modifier("n", "normsys", {"lo": 0.99, "hi": 1.01})),
    ]
    spec = workspace_of([{"name": "c", "samples": samples}], {"c": [10350.0, 20120.0]})
    model = compile_workspace(spec)
    found, asymptotic = feldman_cousins(model, 1000, 7), two_sided_interval(model)
    assert asymptotic.low > 0.0
    assert abs(found.low - asymptotic.low) < 4.0 * found.low_error
    assert abs(found.high - asymptotic.high) < 4.0 * found.high_error
    assert len(found.points) == 20
    critical = found.points[-1].critical(0.1)
    assert critical == pytest.approx(2.706, abs=0.5)


def test_ends_outside_of_the_tested_values_are_missing() -> None:
    found = feldman_cousins(two_bins(), 250, 3, points=[0.1, 0.2])
    assert np.isnan([found.low, found.high]).all()


def test_arguments_are_checked() -> None:
    with pytest.raises(InputError, match="mu: must be ≥ 0"):
        toy_point(two_bins(), -0.1, 250, 1)
    with pytest.raises(InputError, match="no asymptotic interval to start from"):
        feldman_cousins(counting(3, 2.0).bounded(*_closed()), 250, 1)


def _closed() -> tuple[np.ndarray, np.ndarray]:
    flat = counting(3, 2.0).flat
    return flat.lower, np.full_like(flat.upper, 0.5)
