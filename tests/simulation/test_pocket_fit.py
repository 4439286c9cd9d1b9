"""The fit of the pockets: its arithmetic, that the documentation tells its numbers, and that they
come again."""

import csv
import importlib
import re
from pathlib import Path

import numpy as np
import pytest
import reconstruction_events as lab

from exonu.core.resources import resource_path
from exonu.core.settings import read_yaml
from exonu.detector.activities import activities
from exonu.simulation.components import WALL_CLASSES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "resources" / "detectors")
        yield importlib.import_module("fit_pockets")


@pytest.fixture(scope="module")
def numbers():
    """pocket_fit.csv: value and error by quantity and range."""
    lines = resource_path("detectors/pocket_fit.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {
        (row["quantity"], float(row["from_keVee"]), float(row["to_keVee"])): (
            float(row["value"]),
            float(row["statistical_error"]),
        )
        for row in rows
    }


class Rates:
    """A component of known rates."""

    def __init__(self, rates):
        self.rates = rates

    def rate(self, low, high, chosen=None):
        return np.array([self.rates[low, high], 0.0])


def test_fit_finds_the_escape_fraction_of_known_rates(script):
    """Rates that are parabolas in logarithms: the fit returns where they meet both anchors."""

    def rates(f):
        x = np.log(f / 0.21)
        return 0.55 * np.exp(-5 * x), 12.0 * np.exp(-1.0 * x + x**2)

    grid = np.array(
        [
            [f, low, 0.1 * low, all_, 0.1 * all_]
            for f in script.GRID_ESCAPE
            for low, all_ in [rates(f)]
        ]
    )
    assert script.interpolated(grid, 1, 0.21) == pytest.approx(0.55)
    assert script.interpolated(grid, 3, 0.18) == pytest.approx(rates(0.18)[1])
    wanted = 4.2e-3 * 2 * script.mass_kg(20)
    internal = Rates({(4, 6): wanted - 0.55, (2, 30): 12.0 / 9})
    nothing = Rates({(4, 6): 0.0, (2, 30): 0.0})
    others = {"lxe": internal, "solar": nothing, "lxe-neutron": nothing, "surface": nothing}
    escape, chi2 = script.fit(grid, others)
    assert escape == pytest.approx(0.21, abs=1e-3)
    assert chi2 == pytest.approx(0, abs=1e-6)
    too_many = others | {"lxe": Rates({(4, 6): wanted - 0.01, (2, 30): 12.0 / 9})}
    with pytest.raises(ValueError, match=r"an end of the grid 0.17 to 0.27: extend GRID_ESCAPE"):
        script.fit(grid, too_many)


def test_replicas_spread_as_the_error_and_share_what_is_common(script):
    """The spread of a rate is its error; a ratio between two samples of the same decays has none."""
    n, every = 400, np.ones(400, dtype=bool)

    def sample(weight):
        columns = {"energy_keVee": np.full(n, 5.0)}
        return script.Sample(np.arange(n), np.full(n, weight), columns, every, every, every, 0.0)

    one, two = sample(0.5).replicas(4, 6), sample(1.0).replicas(4, 6)
    rate, error = sample(0.5).rate(4, 6)
    assert one.mean() == pytest.approx(rate, abs=4 * error / script.REPLICAS**0.5)
    assert one.std(ddof=1) == pytest.approx(error, rel=0.3)
    np.testing.assert_allclose(two / one, 2)


def test_variations_stand_in_the_configuration_as_fitted(script):
    """Of each variation that moves the copper the escape fraction is that of the nominal pocket
    times what the fit found."""
    nominal = activities()["components"]["copper"]["pocket"]["escape_fraction"]
    lines = resource_path("detectors/pocket_variations.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in lines.splitlines() if not line.startswith("#")))
    fitted = {row["variation"]: float(row["escape_over_nominal"]) for row in rows}
    assert fitted.keys() >= {"gap-up", "gap-down", "scattering-up", "reflectivity-down"}
    settings = read_yaml(script.EVENTS_FILE)["simulation"]["variations"]
    for name, ratio in fitted.items():
        pocket = settings[name]["activities"]["components"]["copper"]["pocket"]
        assert pocket["escape_fraction"] == pytest.approx(nominal * ratio, abs=0.0006), name


def test_light_drawn_twice_is_no_new_decay(script):
    """The error counts decays, not how often the light of each was drawn."""
    n, every = 4, np.ones(4, dtype=bool)
    sample = script.Sample(
        np.array([0, 1, 0, 1]),
        np.full(n, 0.5),
        {"energy_keVee": np.full(n, 5.0)},
        every,
        every,
        every,
        0.0,
    )
    np.testing.assert_allclose(sample.rate(4, 6), [2.0, np.sqrt(2.0)])
    both = script.Sample.join([sample, sample])
    np.testing.assert_allclose(both.rate(4, 6), [4.0, np.sqrt(8.0)])
    np.testing.assert_allclose(sample.rate(4, 6, ~every), 0)


def test_share_and_its_error(script):
    value, error = script.share(np.array([9.0, 0.3]), np.array([1.0, 0.1]))
    assert value == pytest.approx(0.9)
    assert error == pytest.approx(np.hypot(0.3 * 1.0, 0.1 * 9.0) / 100)
    assert script.mass_kg(20.0) == pytest.approx(97, abs=0.5)


def test_anchors_are_met(script, numbers):
    for (quantity, low, high), row in script.anchors().items():
        value, error = numbers[quantity, low, high]
        assert error > 0
        if row["fitted"] == "yes":
            assert float(row["low"]) <= value <= float(row["high"]), quantity
    rate, surface_share = numbers["rate", 4, 6], numbers["surface_share", 2, 30]
    assert max(rate[1] / rate[0], surface_share[1] / surface_share[0]) < 0.1


def test_rates_and_shares_belong_together(numbers, script):
    """The CSV's shares follow from its rates, so no number in it was written by hand."""
    bins = ((2, 4), (4, 6), (6, 15), (15, 30))

    def total(names, ranges):
        return sum(numbers[f"per_day_{name}", *part][0] for name in names for part in ranges)

    for low, high, ranges in ((2, 30, bins), (2, 15, bins[:3]), (15, 30, bins[3:])):
        wall, internal = total(WALL_CLASSES, ranges), total(script.INTERNAL, ranges)
        assert numbers["surface_share", low, high][0] == pytest.approx(
            wall / (wall + internal), abs=0.005
        )
    rate = total((*WALL_CLASSES, *script.INTERNAL), bins[1:2]) / (2 * script.mass_kg(20))
    assert numbers["rate", 4, 6][0] == pytest.approx(rate, rel=0.02)


def test_documentation_tells_the_numbers(numbers, script):
    """Every line of the table of anchors in docs/demonstration.md, to the digits it gives."""
    text = (ROOT / "docs" / "demonstration.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| `(\w+)` \| ([\d.]+)–([\d.]+) \|.*\| ([\d.e-]+) ± ([\d.e-]+) \|$", text, re.MULTILINE
    )
    assert {(name, float(low), float(high)) for name, low, high, *_ in rows} == set(
        script.anchors()
    )
    for name, low, high, value, error in rows:
        expected = numbers[name, float(low), float(high)]
        assert (float(value), float(error)) == (
            pytest.approx(expected[0], rel=0.006),
            pytest.approx(expected[1], rel=0.06),
        )
    pocket = activities()["components"]["copper"]["pocket"]
    assert f"escape fraction {pocket['escape_fraction']}" in text


@pytest.mark.slow
def test_small_rerun(script, numbers):
    """Copper and the liquid again, with fewer events, other random numbers and a coarser light
    map."""
    script.SEED = 77
    again = script.Laboratory(lab.small_map())
    for name, decays in (("copper", 400_000), ("lxe", 100_000)):
        sample = again.sample(name, [(decays, 1, 60, 1)])
        ranges = ((2, 4), (4, 6), (6, 15), (15, 30))
        expected, error = np.array([numbers[f"per_day_{name}", *part] for part in ranges]).T
        value, spread = sample.rate(2, 30)
        allowed = 4 * np.hypot(spread, np.hypot.reduce(error)) + 0.1 * expected.sum()
        assert abs(value - expected.sum()) < allowed, name
