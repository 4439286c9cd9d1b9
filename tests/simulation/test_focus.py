"""Importance sampling of the place of decays in the wall: unbiased, deterministic, the same for any
chunks."""

from dataclasses import fields

import numpy as np
import pytest

from exonu.core.errors import InputError
from exonu.detector.geometry import geodesic_geometry
from exonu.simulation.components import WALL_CLASSES, component
from exonu.simulation.generation.generate import generate, join
from exonu.simulation.generation.pseudo_data import pseudo_data
from exonu.simulation.wall.focus import NO_FOCUS, focus_of

GEOMETRY = geodesic_geometry()
CHANNELS = [
    3,
    20,
    51,
    100,
    222,
    300,
    400,
    500,
    600,
    641,
]  # the first has five neighbours, the others six
FOCUS = {"channels": CHANNELS, "share": 0.6}
WINDOW = (2.0, 200.0)


def samples(name, n=60_000, seed=3):
    """Without and with focus."""
    return [
        generate(component(name, GEOMETRY, focus=focus), n, GEOMETRY, seed=seed, window_keV=WINDOW)
        for focus in (None, FOCUS)
    ]


def near(made, cm):
    return (
        np.linalg.norm(made.origin_cm[:, None] - GEOMETRY.positions_cm[CHANNELS], axis=2).min(
            axis=1
        )
        < cm
    )


def total(weights):
    return weights.sum(), np.sqrt(np.sum(weights**2))


@pytest.mark.parametrize("name", WALL_CLASSES)
def test_unbiased_everywhere(name):
    """Rates near the channels, in a ring around them, far away; in two bins of visible energy."""
    without, focused = samples(name)
    for inner, outer in ((0, 2.4), (2.4, 4), (4, 7), (7, 100)):
        for low, high in ((2, 30), (30, 200)):
            sums = []
            for made in (without, focused):
                there = near(made, outer) & ~near(made, inner)
                sums.append(
                    total(
                        made.weight_per_day[
                            there & (made.visible_keV >= low) & (made.visible_keV < high)
                        ]
                    )
                )
            (expected, spread), (value, error) = sums
            assert abs(value - expected) < 4 * np.hypot(error, spread) + 1e-12, (inner, outer, low)


@pytest.mark.parametrize("name", WALL_CLASSES)
def test_more_decays_where_they_count(name):
    without, focused = samples(name, 400_000)
    errors = [total(m.weight_per_day[near(m, 4)])[1] for m in (without, focused)]
    assert near(focused, 4).sum() > 5 * near(without, 4).sum()
    assert errors[1] < 0.6 * errors[0]
    if name in ("surface", "seal"):  # their γ-rays have no weights of their own
        limit = without.weight_per_day.max() / (1 - FOCUS["share"])
        assert focused.weight_per_day.max() <= limit * (1 + 1e-9)


@pytest.mark.parametrize("name", ["copper", "seal"])
def test_same_bytes_for_any_chunks(name):
    what = component(name, GEOMETRY, focus=FOCUS)
    whole = generate(what, 4000, GEOMETRY, seed=2)
    again = generate(what, 4000, GEOMETRY, seed=2)
    pieces = [
        generate(what, 4000, GEOMETRY, seed=2, events=part)
        for part in (range(1300), range(1300, 4000))
    ]
    order = np.argsort(
        np.concatenate([piece.source * 10_000 + piece.number for piece in pieces]), kind="stable"
    )
    for made in (again, join(pieces).take(order)):
        for field in fields(whole):
            np.testing.assert_array_equal(
                getattr(made, field.name), getattr(whole, field.name), err_msg=field.name
            )


def test_probability_of_the_tubes():
    """The weight is nature's probability over that of the mixture; half of the share is on the
    channels themselves."""
    focus = focus_of({"channels": [100], "share": 0.5}, GEOMETRY)
    probability = np.diff(focus.up_to, prepend=0.0)
    np.testing.assert_allclose(focus.weight * probability * GEOMETRY.n_channels, 1, rtol=1e-10)
    assert probability[100] == pytest.approx(0.25 + 0.5 / 642)
    around = GEOMETRY.neighbours[100]
    np.testing.assert_allclose(
        probability[around[around >= 0]], 0.25 / np.sum(around >= 0) + 0.5 / 642
    )


def test_no_channels_or_no_share_is_no_focus():
    assert focus_of({"channels": []}, GEOMETRY) is NO_FOCUS
    assert focus_of({"channels": [1], "share": 0}, GEOMETRY) is NO_FOCUS


def test_pseudo_data_are_drawn_without_focus():
    plain, focused = (
        pseudo_data([component("surface", GEOMETRY, focus=focus)], 1.0, GEOMETRY, seed=1).deposits
        for focus in (None, FOCUS)
    )
    np.testing.assert_array_equal(plain.origin_cm, focused.origin_cm)
    np.testing.assert_array_equal(plain.weight_per_day, focused.weight_per_day)


@pytest.mark.parametrize(
    ("name", "focus", "message"),
    [
        ("lxe", {"channels": [1]}, r"focus: is of decays in the wall \('lxe' has none\)"),
        ("seal", {"channels": [642]}, r"focus\.channels: must be from 0 to 641"),
        ("seal", {"channels": [-1]}, r"focus\.channels: must be from 0 to 641"),
        (
            "seal",
            {"channels": [1], "share": 1.0},
            r"focus\.share: must be from 0 to below 1 \(got 1\.0\)",
        ),
        ("seal", {"channels": [1], "width": 3}, r"focus\.width: is not a setting"),
    ],
)
def test_bad_focus(name, focus, message):
    with pytest.raises(InputError, match=message):
        component(name, GEOMETRY, focus=focus)
