"""Templates with calibrated optics: where they move to, and what is left uncertain."""

import json

import numpy as np
import pytest
import toy_analysis
from hypothesis import given
from hypothesis import strategies as st

from exonu.core.errors import InputError
from exonu.core.files import read_json, write_json
from exonu.templates.calibrated_effects import CalibratedOptics, calibrated, central_bins
from exonu.templates.systematics import Effect, Systematic

UP = {"scattering": np.array([1.3, 1.5]), "reflectivity": np.array([1.2, 1.1])}


def effect(name, up, down=None, **keys):
    systematic = Systematic(
        name, "traced", "assumed", **{"from_calibration": True, "significance": 0.05, **keys}
    )
    one = np.full(2, 0.3)
    return Effect(
        systematic, "copper", (2.0, 10.0, 30.0), up - 1, one * 0.01, 1 / up - 1, one * 0.01, up,
        1 / up if down is None else down, 1e-6, 0.2,
    )  # fmt: skip


def optics(central, errors, correlation=0.0, vertex=0.004):
    e = np.asarray(errors, float)
    matrix = np.outer(e, e) * np.array([[1, correlation], [correlation, 1]])
    return CalibratedOptics(
        ("scattering", "reflectivity"), np.asarray(central, float), matrix, vertex
    )


def both():
    return [effect(name, up) for name, up in UP.items()]


def test_counts_move_by_powers_of_the_ratio():
    """With up and down inverse to each other ln R is linear: R(m) = R^m, and errors are powers too."""
    found = calibrated(both(), optics([0.5, -0.25], [0.2, 0.4]))
    np.testing.assert_allclose(
        central_bins(found), UP["scattering"] ** 0.5 * UP["reflectivity"] ** -0.25
    )
    np.testing.assert_allclose(found[0].up_bins, UP["scattering"] ** 0.2)
    np.testing.assert_allclose(found[0].down_bins, UP["scattering"] ** -0.2)
    np.testing.assert_allclose(found[1].up_bins, UP["reflectivity"] ** 0.4)
    assert found[0].verdict == "kept; calibrated to +0.50 ± 0.20 of it"


def test_between_and_beyond_simulated_ratios():
    up, down = np.array([1.44, 1.0]), np.array([0.9, 1.0])
    for m, expected in ((1.0, 1.44), (-1.0, 0.9), (0.0, 1.0)):
        found = calibrated([effect("scattering", up, down)], optics([m, 0], [0.1, 0.1]))
        np.testing.assert_allclose(central_bins(found), [expected, 1])
    slope, curve = np.log(1.44 / 0.9) / 2, np.log(1.44 * 0.9) / 2
    found = calibrated([effect("scattering", up, down)], optics([2.0, 0], [0.1, 0.1]))
    np.testing.assert_allclose(
        np.log(central_bins(found)[0]), 2 * slope + 3 * curve
    )  # tangent at 1
    np.testing.assert_allclose(np.log(found[0].up_bins[0]), 0.1 * (slope + 2 * curve))


@given(errors=st.tuples(st.floats(0.05, 1), st.floats(0.05, 1)), correlation=st.floats(-0.98, 0.98))
def test_the_variance_of_the_counts_is_that_of_the_covariance(errors, correlation):
    """Σ of squares over the directions is aᵀ C a, with a the slopes of ln R, in every bin."""
    calibration = optics([0.3, -0.2], errors, correlation)
    found = calibrated(both(), calibration)
    slopes = np.log(list(UP.values()))
    expected = np.einsum("kb,kl,lb->b", slopes, calibration.covariance, slopes)
    np.testing.assert_allclose(sum(np.log(one.up_bins) ** 2 for one in found), expected, rtol=1e-6)


def test_what_is_not_asked_for_stays_as_it_is():
    plain = [effect("scattering", UP["scattering"], from_calibration=False)]
    assert calibrated(plain, None)[0] is plain[0]
    assert calibrated(plain, optics([1, 1], [0.1, 0.1]))[0] is plain[0]
    assert central_bins(plain) is None


def test_a_systematic_that_leaves_a_component_alone_moves_nothing():
    small = effect("reflectivity", np.array([1.001, 1.0]), prune_below=0.05)
    small = type(small)(**{**vars(small), "moved": 0.001})
    found = calibrated(
        [effect("scattering", UP["scattering"]), small], optics([0.5, 9.0], [0.2, 0.1], 0.9)
    )
    assert found[1].verdict.startswith("pruned")
    np.testing.assert_allclose(central_bins(found), UP["scattering"] ** 0.5)
    np.testing.assert_allclose(found[0].up_bins, UP["scattering"] ** 0.2)


def test_a_systematic_that_the_calibration_does_not_have():
    for calibration in (None, optics([0, 0], [1, 1])):
        with pytest.raises(InputError, match="has no 'gap', which is `from_calibration`"):
            calibrated([effect("gap", UP["scattering"])], calibration)


# -- the whole step on the toy

CALIBRATED = toy_analysis.EVENTS.replace(
    "kind: traced,", "kind: traced, from_calibration: true,"
).replace("kind: position, size: 0.02", "kind: position, size: 0.005, from_calibration: true")
RECORD = {
    "order": ["absorption"], "parameters": {"absorption": {"central": 0.5, "error": 0.2}},
    "covariance": [[0.04]], "vertex_scale": {"uncertainty": 0.03}, "notes": ["absorption: doubt"],
}  # fmt: skip


def test_templates_of_a_calibrated_analysis(tmp_path):
    write_json(tmp_path / "optics.json", RECORD)
    plain, moved = (
        read_json(toy_analysis.make_toy(tmp_path / name, **keys)[1].parent / "templates.json")
        for name, keys in (
            ("plain", {}),
            ("moved", {"events": CALIBRATED, "more": ("--optics", tmp_path / "optics.json")}),
        )
    )
    seal, before = (one["backgrounds"]["seal_u"] for one in (moved, plain))
    ratio = np.array(before["variations"]["absorption"]["up"]) / np.maximum(before["counts"], 1e-12)
    there = np.array(before["counts"]) > 0
    found = {key: np.array(seal["variations"]["absorption"][key])[there] for key in ("up", "down")}
    counts = np.array(seal["counts"])[there]
    np.testing.assert_allclose(
        counts, np.array(before["counts"])[there] * ratio[there] ** 0.5, rtol=3e-6
    )
    np.testing.assert_allclose(found["up"] / counts, ratio[there] ** 0.2, rtol=3e-6)
    np.testing.assert_allclose(found["down"] / counts, ratio[there] ** -0.2, rtol=3e-6)
    # r × (1 ± 3 %), which is more than what is declared, takes 9 % of the liquid
    lxe = moved["backgrounds"]["lxe"]
    share = np.sum(lxe["variations"]["position"]["up"]) / np.sum(lxe["counts"])
    assert share == pytest.approx(1.03**-3, abs=0.012)
    assert "absorption: doubt" in moved["notes"]
    assert "notes" not in plain
    assert json.dumps(moved["backgrounds"]["i125"]["counts"]) == json.dumps(
        plain["backgrounds"]["i125"]["counts"]
    )
