"""Rates of the components from activities, and every number with its status."""

import numpy as np
import pytest
from scipy import constants

from exonu.core.errors import InputError
from exonu.detector.activities import activities
from exonu.detector.geometry import geodesic_geometry
from exonu.interactions import RecoilSpectra
from exonu.simulation.components import BACKGROUNDS, NEUTRON_LINES, component, injected

GEOMETRY = geodesic_geometry()
MASS_KG = 832.0


def rates(name, **options):
    return {
        source.name: source.rate_per_day for source in component(name, GEOMETRY, **options).sources
    }


def test_activities_in_the_liquid():
    found = rates("lxe")
    for nuclide, mBq in {"Pb214": 10.3, "Kr85": 0.25, "Ar39": 0.65, "C14": 0.19}.items():
        assert found[f"lxe/{nuclide}/{nuclide}"] == pytest.approx(mBq * 86.4)


def test_double_beta_rate():
    """832 kg of natural xenon: 3.38e26 atoms of ¹³⁶Xe, 297 decays per day."""
    atoms = MASS_KG * 1e3 / 131.293 * constants.N_A * 0.0886
    expected = atoms * np.log(2) / (2.165e21 * 365.25)
    assert rates("lxe")["lxe/Xe136"] == pytest.approx(expected, rel=1e-3)
    assert expected == pytest.approx(296.4, rel=1e-3)


def test_solar_rate_is_that_of_the_interactions():
    energies = np.linspace(0.2, 1400.0, 28_000)
    per_tonne_year = np.trapezoid(RecoilSpectra(energies).rate("weak").sum(axis=0), energies)
    expected = per_tonne_year * MASS_KG * 1e-3 / 365.25
    (rate,) = rates("solar").values()
    assert rate == pytest.approx(expected, rel=0.01)


def test_injected_signal_follows_its_strength():
    weak = injected(GEOMETRY, interaction="magnetic-moment", strength=1e-11).rate_per_day
    strong = injected(GEOMETRY, interaction="magnetic-moment", strength=1e-10).rate_per_day
    assert strong == pytest.approx(100 * weak, rel=1e-6)


def test_tubes_and_masses():
    assert rates("pmt")["pmt/K40/K40"] == pytest.approx(642 * 9.1 * 86.4)
    assert rates("seal")["seal/Th232/Tl208"] == pytest.approx(100 * 86.4 * 0.3594)
    bulk = rates("copper")
    area = GEOMETRY.volume_and_area[1] * (1 - 0.624)
    assert bulk["copper/middle/Pb210"] == pytest.approx(28.5 * 86.4 * area * 0.06 * 8.96e-3)


def test_inner_liquid_has_its_share_of_the_rate():
    whole, inner = rates("lxe"), rates("lxe", liquid_radius_cm=28.0)
    share = 4 / 3 * np.pi * 28**3 * 2.89e-3 / MASS_KG
    for name, rate in whole.items():
        assert inner[name] == pytest.approx(rate * share, rel=1e-6)
    assert rates("seal", liquid_radius_cm=28.0) == rates("seal")


@pytest.mark.parametrize("name", BACKGROUNDS)
def test_every_number_has_a_status(name):
    facts = activities()["components"][name]
    numbers = [source["activity"] for source in facts["sources"].values() if "activity" in source]
    numbers += [facts["pocket"]] if "pocket" in facts else []
    for number in numbers:
        assert number["status"] in ("published", "derived", "assumed")
        assert number["source"]


def test_overrides_replace_single_numbers():
    settings = {"components": {"seal": {"pocket": {"escape_fraction": 0.05}}}}
    places = [source.place for source in component("seal", GEOMETRY, settings).sources]
    assert {place.escape_fraction for place in places} == {0.05}
    assert {place.cos_min for place in places} == {
        activities()["components"]["seal"]["pocket"]["cos_min"]
    }


def test_neutron_lines_one_by_one():
    """The three components are those of `lxe-neutron`, with the same rates."""
    together = {name.split("/")[-1]: rate for name, rate in rates("lxe-neutron").items()}
    assert {
        name.split("/")[-1]: rate for line in NEUTRON_LINES for name, rate in rates(line).items()
    } == together


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"components": {"wall": {}}}, r"components: has no 'wall'; known: lxe"),
        (
            {"components": {"lxe": {"sources": {"Xe999": {}}}}},
            r"components.lxe.sources: has no 'Xe999'; known: Pb214",
        ),
        (
            {"components": {"lxe": {"sources": {"Kr85": {"activity": {"unit": "Ci"}}}}}},
            r"lxe/Kr85.activity.unit: is not a known unit \(got 'Ci'\); mBq",
        ),
        (
            {"components": {"lxe": {"sources": {"Kr85": {"solar": {"interaction": "weak"}}}}}},
            r"lxe/Kr85: must say what decays, once; give one of nuclides",
        ),
        (
            {"components": {"lxe": {"sources": {"Kr85": {"material": "wood"}}}}},
            r"components.lxe.sources.Kr85.material: has no 'wood'; known: copper",
        ),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(InputError, match=message):
        component("lxe", GEOMETRY, settings)


def test_bad_component():
    with pytest.raises(InputError, match=r"component: has no 'roof'; known: lxe"):
        component("roof", GEOMETRY)


@pytest.mark.parametrize("radius", [0.0, 60.0])
def test_bad_radius(radius):
    with pytest.raises(
        InputError, match=rf"liquid_radius_cm: must be > 0 and at most 40.1 cm \(got {radius}\)"
    ):
        component("lxe", GEOMETRY, liquid_radius_cm=radius)


def test_bad_signal_limits():
    with pytest.raises(
        InputError, match=r"flat_log_keV: must be two energies, 0 < low < high \(got 0, 5\)"
    ):
        component(
            "signal",
            GEOMETRY,
            {"components": {"signal": {"sources": {"signal": {"flat_log_keV": [0, 5]}}}}},
        )
