"""Recoil spectra: one line by hand, flavours, limits, scaling and the messages."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants

from exonu.core.errors import InputError
from exonu.interactions import (
    Physics,
    RecoilSpectra,
    breakpoints_keV,
    chiral_couplings,
    recoil_rate,
)
from exonu.solar import flavour_probabilities, oscillation, solar_sources
from exonu.xenon import free_electrons

M = constants.value("electron mass energy equivalent in MeV")
G = constants.value("Fermi coupling constant") * 1e-6
ALPHA = constants.alpha
ENERGIES = np.array([0.05, 0.7, 1.5, 5.0, 12.0, 40.0, 100.0, 200.0])
SPECTRA = RecoilSpectra(ENERGIES)
EVERY_ATOM_FREE = tuple((name, "free") for name in ("weak", "dark-photon", "millicharge"))
FREE = RecoilSpectra(ENERGIES, Physics(treatments=EVERY_ATOM_FREE))

strengths = st.floats(1e-13, 1e-9)
masses = st.floats(0, 100)
positive_interactions = st.sampled_from(["weak", "magnetic-moment", "millicharge"])
atomics = st.sampled_from(["stepping", "free"])
flavours = st.sampled_from(["all", "e", "mu", "tau"])


@pytest.mark.parametrize("shift_by", ["dark-photon", "millicharge"])
def test_coupling_shift_is_the_exact_rule(shift_by):
    """⁷Be as one line needs no integral: the weak rate with shifted couplings, by hand, for each
    flavour."""
    physics = Physics(
        sources=("be7",),
        beryllium_line="single",
        treatments=EVERY_ATOM_FREE,
        millicharge_weak_interference=True,
    )
    be7 = solar_sources("SFII-GS98", "single")[1]
    e, t = 0.8618, ENERGIES * 1e-3
    probability = flavour_probabilities(
        e, be7.electron_density_mol_per_cm3, oscillation("NuFIT-6.0-NO")
    )
    if shift_by == "dark-photon":
        choice = {"strength": 3e-6, "mass_MeV": 0.02}
        shift = 9e-12 / (2 * np.sqrt(2) * G * (0.02**2 + 2 * M * t))
    else:
        choice = {"strength": 2e-12}
        shift = -4 * np.pi * ALPHA * 2e-12 / (2 * np.sqrt(2) * G * 2 * M * t)

    def rate(extra):
        total = np.zeros_like(t)
        for p, (g_l, g_r) in zip(probability, chiral_couplings("radiative").T + 0.0, strict=True):
            left, right = g_l + extra, g_r + extra
            total += p * (left**2 + right**2 * (1 - t / e) ** 2 - left * right * M * t / e**2)
        per_electron = 5.00e9 * 2 * G**2 * M / np.pi * 3.893794e-22 * total
        return per_electron * 54 * 6.02214076e23 / 131.293 * 1e6 * 365.25 * 86400 * 1e-3

    spectra = RecoilSpectra(ENERGIES, physics)
    assert spectra.rate("weak")[0] == pytest.approx(rate(0.0), rel=1e-6)
    with_new_physics = spectra.rate("weak")[0] + spectra.rate(shift_by, **choice)[0]
    assert with_new_physics == pytest.approx(rate(shift), rel=1e-6)


@settings(deadline=None)
@given(positive_interactions, flavours, strengths)
def test_rates_are_not_negative(interaction, flavour, strength):
    choice = {} if interaction == "weak" else {"strength": strength}
    assert np.all(SPECTRA.rate(interaction, flavour=flavour, **choice) >= 0)


@settings(deadline=None)
@given(mass=masses, log_g=st.floats(-9, -3))
def test_weak_and_dark_photon_together_are_not_negative(mass, log_g):
    total = FREE.rate("weak") + FREE.rate("dark-photon", strength=10**log_g, mass_MeV=mass)
    assert np.all(total >= 0)


@settings(deadline=None)
@given(st.sampled_from(["magnetic-moment", "millicharge"]), strengths, st.floats(0.1, 10), flavours)
def test_rates_scale_with_the_square_of_the_strength(interaction, strength, factor, flavour):
    one = SPECTRA.rate(interaction, strength=strength, flavour=flavour)
    other = SPECTRA.rate(interaction, strength=factor * strength, flavour=flavour)
    assert other == pytest.approx(factor**2 * one, rel=1e-10)


@settings(deadline=None)
@given(masses, st.floats(1e-8, 1e-3), atomics)
def test_dark_photon_is_quadratic_in_x(mass, g, atomic):
    interference, pure = SPECTRA.polynomial("dark-photon", [mass], atomic=atomic).of("all")
    total = SPECTRA.rate("dark-photon", strength=g, mass_MeV=mass, atomic=atomic)
    assert total == pytest.approx(g**2 * interference[0] + g**4 * pure[0], rel=1e-12)
    parts = (
        SPECTRA.rate("dark-photon", strength=g, mass_MeV=mass, part=p, atomic=atomic)
        for p in ("pure", "interference")
    )
    assert sum(parts) == pytest.approx(total, rel=1e-12)


@settings(deadline=None)
@given(positive_interactions, st.sampled_from(["stepping", "free", None]))
def test_flavours_sum_to_all(interaction, atomic):
    parts = sum(SPECTRA.rate(interaction, flavour=f, atomic=atomic) for f in ("e", "mu", "tau"))
    assert parts == pytest.approx(SPECTRA.rate(interaction, atomic=atomic), rel=1e-12)


@pytest.mark.parametrize("interaction", ["magnetic-moment", "millicharge"])
@pytest.mark.parametrize(("index", "flavour"), [(0, "e"), (1, "mu"), (2, "tau")])
def test_flavour_limit_is_the_common_limit_over_root_p(interaction, index, flavour):
    """limit_f/limit_all = 1/√P_f, P_f weighted over source and spectrum."""
    spectra = RecoilSpectra(np.linspace(2, 30, 60))
    ratio = spectra.rate(interaction, flavour=flavour).sum() / spectra.rate(interaction).sum()
    weighted, total = 0.0, 0.0
    for source in solar_sources("SFII-GS98"):
        energy, weight = source.spectrum.nodes(np.array([0.0]), np.array([np.inf]), 64)
        p = flavour_probabilities(
            energy, source.electron_density_mol_per_cm3, oscillation("NuFIT-6.0-NO")
        )
        weighted += source.flux_per_cm2_s * float((weight * p[index]).sum())
        total += source.flux_per_cm2_s
    assert np.sqrt(ratio) == pytest.approx(np.sqrt(weighted / total), rel=0.01)


def test_flavour_ratios_of_the_paper():
    """Published one-flavour limits on q (arXiv:2005.11891) are the common limit 5.4e-12 over
    √P_f."""
    spectra = RecoilSpectra(
        np.linspace(5, 30, 60), Physics(sources=("pp", "be7"), beryllium_line="single")
    )
    common = spectra.rate("millicharge").sum()
    limits = [
        5.4e-12 * np.sqrt(common / spectra.rate("millicharge", flavour=f).sum())
        for f in ("e", "mu", "tau")
    ]
    assert limits == pytest.approx([7.3e-12, 1.1e-11, 1.1e-11], rel=0.06)


@settings(deadline=None)
@given(charge=st.floats(1e-14, 1e-10), atomic=atomics)
def test_massless_dark_photon_is_a_millicharge(charge, atomic):
    g = np.sqrt(4 * np.pi * ALPHA * charge)
    dark = SPECTRA.rate("dark-photon", strength=g, mass_MeV=0.0, part="pure", atomic=atomic)
    assert SPECTRA.rate("millicharge", strength=charge, atomic=atomic) == pytest.approx(
        dark, rel=1e-10
    )
    light = SPECTRA.rate("dark-photon", strength=g, mass_MeV=1e-6, part="pure", atomic=atomic)
    assert light == pytest.approx(dark, rel=1e-6)


def test_interference_signs_of_the_dark_photon():
    """Constructive for ν_e, destructive for ν_μ and ν_τ, positive in the solar sum (seen with the
    massless one)."""
    interference = {
        f: -FREE.rate("millicharge", flavour=f, part="interference").sum()
        for f in ("e", "mu", "tau", "all")
    }
    assert interference["e"] > 0
    assert interference["mu"] < 0
    assert interference["tau"] < 0
    assert interference["all"] > 0
    assert np.all(FREE.polynomial("dark-photon", [1e-3, 1.0, 10.0]).of("all")[0] >= 0)


def test_interference_dominates_at_small_coupling():
    parts = [
        SPECTRA.rate("dark-photon", strength=1e-6, mass_MeV=10.0, part=p)
        for p in ("interference", "pure")
    ]
    assert 500 < parts[0][0, 3] / parts[1][0, 3] < 3000


def test_millicharge_interference_is_off_unless_asked_for():
    on = RecoilSpectra(ENERGIES, Physics(millicharge_weak_interference=True))
    choice = {"strength": 1e-12}
    assert SPECTRA.rate("millicharge", **choice) == pytest.approx(
        SPECTRA.rate("millicharge", part="pure", **choice)
    )
    extra = SPECTRA.rate("millicharge", part="interference", **choice)
    assert on.rate("millicharge", **choice) - SPECTRA.rate(
        "millicharge", **choice
    ) == pytest.approx(extra, rel=1e-6)
    assert on.rate("millicharge", strength=-1e-12, part="interference") == pytest.approx(
        -extra, rel=1e-12
    )


@pytest.mark.parametrize("interaction", ["weak", "magnetic-moment", "millicharge", "dark-photon"])
@pytest.mark.parametrize(
    ("source", "endpoint_keV"), [("pp", 264.07), ("be7", 664.7), ("pep", 1225.0)]
)
def test_nothing_above_the_kinematic_endpoint(interaction, source, endpoint_keV):
    physics = Physics(sources=(source,), treatments=(("millicharge", "free"),))
    choice = {"mass_MeV": 0.1} if interaction == "dark-photon" else {}
    rate = RecoilSpectra([0.97 * endpoint_keV, 1.001 * endpoint_keV, 3000.0], physics).rate(
        interaction, **choice
    )[0]
    assert rate[0] != 0
    assert rate[1:].tolist() == [0, 0]


def test_single_line_of_beryllium_against_the_pair():
    double, single = (
        RecoilSpectra([250.0], Physics(sources=("be7",), beryllium_line=line)).rate("weak")[0, 0]
        for line in ("double", "single")
    )
    assert double / single == pytest.approx(0.8956, rel=1e-9)
    pair = [
        RecoilSpectra(np.linspace(1, 150, 50), Physics(sources=("pp", "be7"), beryllium_line=line))
        .rate("weak")
        .sum(0)
        for line in ("double", "single")
    ]
    assert np.all(np.abs(pair[0] / pair[1] - 1) < 0.006)


@pytest.mark.parametrize(
    ("interaction", "part"),
    [
        ("weak", "total"),
        ("magnetic-moment", "pure"),
        ("millicharge", "pure"),
        ("millicharge", "interference"),
        ("dark-photon", "pure"),
        ("dark-photon", "interference"),
    ],
)
def test_stepping_is_free_electrons_times_their_number(interaction, part):
    choice = {"mass_MeV": 0.1} if interaction == "dark-photon" else {}
    stepped, free = (
        RecoilSpectra(ENERGIES, Physics(treatments=(("weak", a),))).rate(
            interaction, part=part, atomic=a, **choice
        )
        for a in ("stepping", "free")
    )
    assert stepped == pytest.approx(free * free_electrons(ENERGIES) / 54, rel=1e-12)


def test_sources_keep_their_order_and_sum():
    spectra = RecoilSpectra(ENERGIES, Physics(sources=("be7", "pp")))
    assert spectra.source_names == ("be7", "pp")
    assert spectra.rate("weak")[0] == pytest.approx(SPECTRA.rate("weak")[1], rel=1e-14)
    assert recoil_rate("weak", ENERGIES) == pytest.approx(
        SPECTRA.rate("weak").sum(axis=0), rel=1e-14
    )
    assert recoil_rate("weak", ENERGIES, source="pp") == pytest.approx(
        SPECTRA.rate("weak")[0], rel=1e-14
    )


def test_breakpoints_hold_xenon_and_lines():
    points = breakpoints_keV()
    for step in (34.561, 4.786, 664.7, 230.8, 1225.0):
        assert np.min(np.abs(points - step)) < 0.1
    assert len(breakpoints_keV(Physics(sources=("pp",)))) == len(points) - 3
    # Between two breakpoints the spectrum is smooth: no step of 1 % within 1e-4 of the width.
    low, high = points[:-1], points[1:]
    inside = np.linspace(low + 1e-3 * (high - low), high - 1e-3 * (high - low), 400)
    for interaction in ("weak", "magnetic-moment"):
        rate = RecoilSpectra(inside.ravel()).rate(interaction).sum(axis=0).reshape(inside.shape)
        change = np.abs(np.diff(rate, axis=0)) / rate[:-1]
        assert np.all(change < 0.06)


@pytest.mark.parametrize(
    ("interaction", "choice", "message"),
    [
        ("gravity", {}, r"interaction: must be one of weak, .* \(got 'gravity'\)"),
        (
            "weak",
            {"flavour": "sterile"},
            r"flavour: must be one of all, e, mu, tau \(got 'sterile'\)",
        ),
        (
            "dark-photon",
            {"flavour": "e", "mass_MeV": 1.0},
            r"flavour: must be all for a dark photon \(got 'e'\)",
        ),
        ("weak", {"part": "half"}, r"part: must be one of total, pure, interference"),
        ("weak", {"part": "interference"}, r"part: weak has no interference term; ask for total"),
        (
            "magnetic-moment",
            {"part": "interference"},
            r"part: magnetic-moment has no interference term; .*helicity",
        ),
        ("weak", {"strength": 2.0}, r"strength: must be left out for weak \(got 2.0\)"),
        (
            "magnetic-moment",
            {"strength": -1.0},
            r"strength: must be a finite number ≥ 0 \(got -1.0\)",
        ),
        ("millicharge", {"strength": np.nan}, r"strength: must be a finite number \(got nan\)"),
        ("dark-photon", {}, r"mass_MeV: is missing; a dark photon needs its mass"),
        (
            "millicharge",
            {"mass_MeV": 1.0},
            r"mass_MeV: is given for millicharge, which has no mass",
        ),
        ("dark-photon", {"mass_MeV": -1.0}, r"mass_MeV: must be finite numbers ≥ 0"),
        ("weak", {"atomic": "pai"}, r"atomic.weak: must be one of stepping, free, rrpa \(got"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(interaction, choice, message):
    with pytest.raises(InputError, match=message):
        SPECTRA.rate(interaction, **choice)


@pytest.mark.parametrize("energies", [[0.0], [-1.0], [np.nan], [np.inf], [[1.0, 2.0]]])
def test_energies_must_be_positive(energies):
    with pytest.raises(InputError, match="energies_keV: must be finite numbers > 0, in one list"):
        RecoilSpectra(energies)


def test_unknown_source_is_refused():
    with pytest.raises(InputError, match=r"source: must be one of all, pp, be7, .* \(got 'hep'\)"):
        recoil_rate("weak", 1.0, source="hep")
