"""p0 along a scan of masses and its global value: a line on a flat background, where up-crossings
are known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from exonu.core.errors import InputError
from exonu.statistics import compile_workspace, discovery, mass_scan, profile_pair
from exonu.statistics.examples import modifier, sample, workspace_of
from exonu.statistics.intervals.mass_scan import LEVEL, global_p, scan_toys, upcrossings
from exonu.statistics.workspaces.compiled_model import Model

BINS, WIDTH = 60, 3.0


def line(mass: float, excess: float = 0.0, **extra: object) -> Model:
    """A Gaussian line of width 3 bins on 400 events in each of 60 bins."""
    x = np.arange(BINS) + 0.5
    shape = 100.0 * norm.pdf(x, mass, WIDTH)
    samples = [
        sample("signal", shape, modifier("mu", "normfactor")),
        sample("background", [400.0] * BINS, modifier("n", "normsys", {"lo": 0.95, "hi": 1.05})),
    ]
    observed = np.rint(400.0 + excess * 100.0 * norm.pdf(x, 30.0, WIDTH)).tolist()
    return compile_workspace(workspace_of([{"name": "c", "samples": samples}], {"c": observed}))


def scan(excess: float = 0.0, step: float = 2.0) -> dict[float, Model]:
    return {float(mass): line(mass, excess) for mass in np.arange(10.0, 51.0, step)}


def test_up_crossings_are_those_of_a_smooth_gaussian_field() -> None:
    """Rice: z(m) = Σ s n / √… has correlation exp(-Δ²/4w²), so its rate of up-crossings of √c is
    exp(-c/2) / (2π √2 w) per unit of mass."""
    toys = scan_toys([profile_pair(model) for model in scan().values()], 750, 3)
    crossed = upcrossings(toys.q, LEVEL)
    rate = math.exp(-0.5 * LEVEL) / (2.0 * math.pi * math.sqrt(2.0) * WIDTH)
    error = crossed.std() / math.sqrt(len(crossed))
    assert crossed.mean() == pytest.approx(40.0 * rate, abs=4.0 * error + 0.06 * 40.0 * rate)


def test_global_p_by_up_crossings_is_that_of_toys() -> None:
    found = mass_scan(scan(excess=1.6), 500, 5)
    assert found.masses[found.largest] == 30.0
    assert found.failed == 0
    local = found.points[found.largest].p0
    assert local < 0.02
    assert found.global_p > 3.0 * local  # the look-elsewhere effect
    assert abs(found.global_p - found.global_p_toys) < 4.0 * found.global_p_toys_error + 0.03
    assert found.global_significance == pytest.approx(float(norm.isf(found.global_p)), rel=1e-6)
    assert found.points[found.largest] == discovery(line(30.0, 1.6))


def test_parts_join() -> None:
    pairs = [profile_pair(model) for model in scan(step=20.0).values()]
    whole = scan_toys(pairs, 500, 3)
    parts = [scan_toys(pairs, 500, 3, chunk=k) for k in (1, 0)]
    np.testing.assert_array_equal((parts[0] + parts[1]).q, whole.q)
    with pytest.raises(InputError, match="chunks given twice"):
        whole + whole


def test_an_auxiliary_measurement_is_the_same_at_every_mass() -> None:
    """Two equal models in one scan have equal toys."""
    pair = profile_pair(line(40.0))
    toys = scan_toys([pair, profile_pair(line(40.0))], 250, 3)
    np.testing.assert_allclose(toys.q[:, 0], toys.q[:, 1], atol=1e-7)


def test_no_excess_anywhere_has_a_global_p_of_one() -> None:
    assert global_p(0.0, 5.0) == 1.0


def test_models_of_different_bins_are_refused() -> None:
    samples = [sample("signal", [1.0], modifier("mu", "normfactor")), sample("b", [5.0])]
    other = compile_workspace(workspace_of([{"name": "c", "samples": samples}], {"c": [5.0]}))
    with pytest.raises(InputError, match=r"models of \[1, 60\] bins in one scan"):
        mass_scan({1.0: line(40.0), 2.0: other}, 250, 1)
