"""The catalogue as a whole: its declarations, and the laws that all of its rates obey."""

import re
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exonu.catalogue import INTERACTIONS, SEARCHED, STATES, Shift
from exonu.catalogue.schema import complete
from exonu.core.errors import InputError
from exonu.interactions import Physics, RecoilSpectra
from exonu.interactions.moments import kinematic_moments, threshold_moments
from exonu.solar import oscillation, solar_sources

SPECTRA = RecoilSpectra(np.array([1.0, 5.0, 40.0, 150.0]))
WITH_NEUTRINOS = sorted(name for name, one in SEARCHED.items() if one.by_neutrinos)


def hypothesis_of(name, state="all"):
    return {"flavour": state, "mass_MeV": 0.01 if SEARCHED[name].has_mass else None}


@pytest.mark.parametrize("name", sorted(INTERACTIONS))
def test_declarations_are_whole(name):
    one = INTERACTIONS[name]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert one.states[0] == "all"
    assert set(one.states) <= set(STATES)
    assert one.parameter.unit.name == one.parameter.unit_name
    assert one.source
    assert one.reference_strength > 0
    if one.sign < 0:
        assert one.settings_name in SEARCHED


def test_names_of_parameters_differ():
    names = [one.parameter.name for one in SEARCHED.values()]
    assert len(set(names)) == len(names)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(WITH_NEUTRINOS), st.floats(0.1, 10))
def test_rates_are_polynomials_in_the_power_of_the_strength(name, factor):
    """N = x I + x² P: three strengths give the fourth."""
    one = SEARCHED[name]
    size = one.reference_strength

    def rate(x):
        strength = size * x ** (1 / one.power)
        return SPECTRA.rate(name, strength=strength, **hypothesis_of(name)).sum(axis=0)

    if name == "millicharge":
        return  # linear in the square: tests of its own
    linear = 4 * rate(0.5) - rate(1.0)
    quadratic = rate(1.0) - linear
    want = factor * linear + factor**2 * quadratic
    scale = np.abs(factor * linear) + np.abs(factor**2 * quadratic)
    assert rate(factor) == pytest.approx(want, abs=1e-9 * scale.max())


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([n for n in WITH_NEUTRINOS if len(SEARCHED[n].states) > 1]))
def test_all_states_are_the_sum(name):
    one = SEARCHED[name]
    strength = one.reference_strength
    each = [
        SPECTRA.rate(name, strength=strength, **hypothesis_of(name, state))
        for state in one.states[1:]
    ]
    together = SPECTRA.rate(name, strength=strength, **hypothesis_of(name))
    assert np.sum(each, axis=0) == pytest.approx(together, rel=1e-12)


@pytest.mark.parametrize(
    "name", [n for n in WITH_NEUTRINOS if isinstance(SEARCHED[n].formula, Shift)]
)
def test_no_strength_makes_the_whole_rate_negative(name):
    """Weak rate, interference and pure term are a square: destructive at most down to zero."""
    physics = Physics(treatments=(("weak", "free"), (SEARCHED[name].settings_name, "free")))
    spectra = RecoilSpectra(SPECTRA.energies_keV, physics)
    weak = spectra.rate("weak").sum(axis=0)
    for factor in np.geomspace(1e-3, 1e3, 40):
        strength = factor * SEARCHED[name].reference_strength
        total = weak + spectra.rate(name, strength=strength, **hypothesis_of(name)).sum(axis=0)
        if SEARCHED[name].formula.interferes == "always":
            assert np.all(total > -1e-12 * weak)


def test_mass_states_have_the_whole_flux():
    moment = SPECTRA.rate("magnetic-moment", strength=1e-11)
    assert SPECTRA.rate("mass-state-moment", strength=1e-11) == pytest.approx(moment, rel=1e-12)
    assert SPECTRA.rate("transition-moment", strength=1e-11) == pytest.approx(2 * moment, rel=1e-12)


def test_shares_of_the_mass_states_are_those_of_the_literature():
    """pp neutrinos are about 0.67, 0.31 and 0.02 of ν_1, ν_2, ν_3, as the low-energy limit c13² c12²,
    c13² s12², s13² of vacuum says up to the Sun's matter (3 % at 0.3 MeV)."""
    pp = RecoilSpectra([5.0], Physics(sources=("pp",)))
    whole = pp.rate("magnetic-moment", strength=1e-11)[0, 0]
    shares = [
        pp.rate("mass-state-moment", flavour=state, strength=1e-11)[0, 0] / whole
        for state in ("1", "2", "3")
    ]
    angles = oscillation("NuFIT-6.0-NO")
    c13, c12 = np.cos(angles.theta13) ** 2, np.cos(angles.theta12) ** 2
    assert shares == pytest.approx([c13 * c12, c13 * (1 - c12), 1 - c13], rel=0.06)
    assert shares[0] < c13 * c12  # matter turns ν_1 into ν_2
    pair = pp.rate("transition-moment", flavour="12", strength=1e-11)[0, 0] / whole
    assert pair == pytest.approx(shares[0] + shares[1], rel=1e-12)


def test_moments_above_many_thresholds_are_those_of_the_quadrature():
    sources, parameters = solar_sources("SFII-GS98"), oscillation("NuFIT-6.0-NO")
    lower = np.linspace(1e-4, 1.75, 700)
    exact = kinematic_moments(sources, parameters, lower, 64, lower_MeV=lower)
    got = threshold_moments(sources, parameters, lower)
    scale = exact.max(axis=-1, keepdims=True)
    assert np.all(np.abs(got - exact) < 1e-8 * scale)


def test_a_light_sterile_neutrino_is_a_magnetic_moment():
    light = SPECTRA.rate("sterile-dipole", strength=1e-11, mass_MeV=1e-7)
    assert light == pytest.approx(SPECTRA.rate("magnetic-moment", strength=1e-11), rel=1e-6)
    heavy = SPECTRA.rate("sterile-dipole", strength=1e-11, mass_MeV=5.0)
    assert np.all(heavy == 0)


def test_a_state_of_another_interaction_is_refused():
    with pytest.raises(InputError, match=r"flavour: must be one of all, 12, 13, 23 \(got 'e'\)"):
        SPECTRA.rate("transition-moment", flavour="e")
    with pytest.raises(InputError, match=r"mass_MeV: is missing; a scalar mediator needs its mass"):
        SPECTRA.rate("scalar-mediator")


def test_schemas_follow():
    block = {"type": "object", "x-catalogue": "blocks", "additionalProperties": {}}
    model = {
        "properties": {
            "flavours": {},
            "masses_MeV": {"properties": {"minimum": {}, "maximum": {}, "number": {}}},
            "more_masses_MeV": {},
            "file": {},
            "rows": {},
        }
    }
    made = complete({"properties": {"i": block}, "$defs": {"interaction": model}})
    blocks = made["properties"]["i"]["properties"]
    assert list(blocks) == list(SEARCHED)
    assert blocks["transition-moment"]["properties"]["flavours"]["default"] == [
        "all",
        "12",
        "13",
        "23",
    ]
    assert "masses_MeV" not in blocks["transition-moment"]["properties"]
    assert (
        blocks["dark-photon"]["properties"]["masses_MeV"]["properties"]["number"]["default"] == 43
    )


def test_all_interactions_states_and_masses_are_quick():
    """All × states × 40 masses × 200 energies: 34 ms of one core when written, 50 wanted; five times
    that is a fault and no busy machine."""
    energies, masses = np.geomspace(0.5, 200, 200), np.geomspace(1e-5, 100, 40)

    def everything():
        spectra = RecoilSpectra(energies)
        for name in WITH_NEUTRINOS:
            one = SEARCHED[name]
            found = spectra.polynomial(name, masses if one.has_mass else None)
            for state in one.states:
                found.of(state)

    everything()
    start = time.process_time()
    everything()
    assert time.process_time() - start < 0.25
