"""`exonu rate` and `exonu survival`: CSV of numbers that were calculated elsewhere."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import constants

from exonu.interactions import Physics, recoil_rate
from exonu.search.analysis import read_analysis

ANCHORS = Path(__file__).parents[1] / "interactions" / "recoil_rate_anchors.csv"


def read_csv(text):
    header, *rows = csv.reader(io.StringIO(text))
    return header, np.array(rows, dtype=float)


def anchor(name):
    with ANCHORS.open(encoding="utf-8") as file:
        header, *rows = csv.reader(line for line in file if not line.startswith("#"))
    [values] = [row[1:] for row in rows if row[0] == name]
    return [float(column.removeprefix("T=")) for column in header[1:]], [
        float(value) for value in values
    ]


# Name of the reference value, and the options that ask for it.
RATES = {
    "pp SM rad free": "--interaction weak --source pp --atomic free",
    "pp SM rad free nu_e part": "--interaction weak --source pp --atomic free --flavour e",
    "pp SM rad free nu_mu part": "--interaction weak --source pp --atomic free --flavour mu",
    "pp SM rad free nu_tau part": "--interaction weak --source pp --atomic free --flavour tau",
    "7Be SM rad free": "--interaction weak --source be7 --atomic free",
    "pep SM rad free": "--interaction weak --source pep --atomic free",
    "13N SM rad free": "--interaction weak --source n13 --atomic free",
    "15O SM rad free": "--interaction weak --source o15 --atomic free",
    "pp mu=1e-11 free": "--interaction magnetic-moment --source pp --atomic free --strength 1e-11",
    "pp BL pure g=1e-6 M=1keV": (
        "--interaction dark-photon --source pp --atomic free --strength 1e-6 --mass-mev 1e-3 --part pure"
    ),
    "pp BL interference g=1e-4 M=10MeV": (
        "--interaction dark-photon --source pp --atomic free --strength 1e-4 --mass-mev 10 --part interference"
    ),
    "pp q=1e-12 FEA_free": "--interaction millicharge --source pp --strength 1e-12 --atomic free",
    "pp q=1e-12 FEA_step": "--interaction millicharge --source pp --strength 1e-12 --atomic stepping",
    "pp q=1e-12 EPA_mnu1eV": "--interaction millicharge --source pp --strength 1e-12 --atomic epa",
    # the default
    "pp q=1e-12 PAIvac_mnu1eV": "--interaction millicharge --source pp --strength 1e-12",
    "pp q=1e-12 PAIliq": "--interaction millicharge --source pp --strength 1e-12 --atomic pai-liquid",
}


@pytest.mark.parametrize(("name", "options"), RATES.items(), ids=RATES)
def test_rate_is_the_reference_value(run, name, options):
    energies, expected = anchor(name)
    outcome = run(
        "rate", *options.split(), "--energies", ",".join(f"{energy:g}" for energy in energies)
    )
    assert outcome.code == 0
    header, rows = read_csv(outcome.out)
    assert header == ["energy_keV", "rate_per_tonne_year_keV"]
    np.testing.assert_array_equal(rows[:, 0], energies)
    np.testing.assert_allclose(rows[:, 1], expected, rtol=5e-3)


def rate(run, options):
    outcome = run("rate", *options.split())
    assert (outcome.code, outcome.err) == (0, "")
    return read_csv(outcome.out)[1][:, 1]


def test_total_of_a_dark_photon_is_interference_and_pure_term(run):
    def part(name):
        _, values = anchor(f"pp BL {name} g=1e-4 M=10MeV")
        return np.array(values)

    options = "--interaction dark-photon --source pp --strength 1e-4 --mass-mev 10 --atomic free"
    total = rate(run, f"{options} --energies 0.5,2,10,30,100")
    np.testing.assert_allclose(total, part("pure") + part("interference"), rtol=5e-3)


def test_without_options_everything_solar_counts(run):
    """All sources and all flavours together, bound electrons."""
    one = rate(run, "--interaction magnetic-moment --strength 1 --energies 2,30")
    sources = [
        rate(
            run,
            f"--interaction magnetic-moment --source {source} --flavour all --strength 1 --energies 2,30",
        )
        for source in ("pp", "be7", "pep", "n13", "o15", "f17")
    ]
    np.testing.assert_allclose(np.sum(sources, axis=0), one, rtol=1e-8)
    bound = rate(
        run, "--interaction magnetic-moment --strength 1 --atomic stepping --energies 2,30"
    )
    free = rate(run, "--interaction magnetic-moment --strength 1 --atomic free --energies 2,30")
    np.testing.assert_array_equal(one, bound)
    # 44 electrons are bound by less than 2 keV (n ≥ 3), 52 by less than 30 keV (all but the K
    # shell).
    np.testing.assert_allclose(bound / free, [44 / 54, 52 / 54], rtol=1e-8)


def test_energies_are_printed_as_given_in_their_order(run):
    lines = run("rate", "--interaction", "weak", "--energies", "30,0.5,30").out.splitlines()
    assert lines[0] == "energy_keV,rate_per_tonne_year_keV"
    assert [line.split(",")[0] for line in lines[1:]] == ["30", "0.5", "30"]
    assert lines[1] == lines[3]


NUFIT_NO = {"theta12": 33.68, "theta13": 8.56, "theta23": 43.3, "delta": 212.0, "dm2_21": 7.49e-5}
DENSITY = {"pp": 60.6, "be7": 79.6, "pep": 66.5, "n13": 73.8, "o15": 86.2}  # mol/cm³


def probabilities(energy_MeV, density):
    """Adiabatic flavour conversion in the Sun, from the formulae and NuFIT 6.0 (normal ordering)
    alone."""
    t12, t13, t23, delta = (
        np.radians(NUFIT_NO[name]) for name in ("theta12", "theta13", "theta23", "delta")
    )
    fermi_eV2 = constants.value("Fermi coupling constant") * 1e-18
    per_cm3_in_eV3 = (constants.value("reduced Planck constant times c in MeV fm") * 1e-7) ** 3
    potential = np.sqrt(2) * fermi_eV2 * density * constants.N_A * per_cm3_in_eV3
    ratio = 2 * np.cos(t13) ** 2 * potential * energy_MeV * 1e6 / NUFIT_NO["dm2_21"]
    cos_matter = (np.cos(2 * t12) - ratio) / np.hypot(np.cos(2 * t12) - ratio, np.sin(2 * t12))
    weights = [
        np.cos(t13) ** 2 * (1 + cos_matter) / 2,
        np.cos(t13) ** 2 * (1 - cos_matter) / 2,
        np.sin(t13) ** 2,
    ]
    s12, c12, s23, c23 = np.sin(t12), np.cos(t12), np.sin(t23), np.cos(t23)
    s13 = np.sin(t13) * np.exp(1j * delta)
    electron = np.array([c12 * np.cos(t13), s12 * np.cos(t13), np.sin(t13)])
    muon = np.array([-s12 * c23 - c12 * s23 * s13, c12 * c23 - s12 * s23 * s13, s23 * np.cos(t13)])
    tau = np.array([s12 * s23 - c12 * c23 * s13, -c12 * s23 - s12 * c23 * s13, c23 * np.cos(t13)])
    return [float(np.abs(flavour) ** 2 @ weights) for flavour in (electron, muon, tau)]


@pytest.mark.parametrize("source", DENSITY)
def test_survival(run, source):
    outcome = run("survival", "--source", source, "--energies-mev", "0.1,0.3,0.862")
    assert (outcome.code, outcome.err) == (0, "")
    header, rows = read_csv(outcome.out)
    assert header == ["energy_MeV", "p_ee", "p_emu", "p_etau"]
    np.testing.assert_array_equal(rows[:, 0], [0.1, 0.3, 0.862])
    expected = [probabilities(energy, DENSITY[source]) for energy in rows[:, 0]]
    np.testing.assert_allclose(rows[:, 1:], expected, atol=2e-4)
    np.testing.assert_allclose(rows[:, 1:].sum(axis=1), 1, atol=1e-8)


# What the user typed, and what the message must hold: where the fault is, what it is, what helps.
REFUSED = {
    "rate --interaction weak --energies 1 --strength 1": r"--strength: is given for weak.*; leave it out",
    "rate --interaction weak --energies 1 --part interference": r"part: weak has no interference term; ask for total",
    "rate --interaction magnetic-moment --energies 1 --part interference": r"part: .* no interference term; .*helicity",
    "rate --interaction magnetic-moment --energies 1,0": r"--energies: must be finite numbers > 0",
    "rate --interaction magnetic-moment --energies=-1,2": r"--energies: must be finite numbers > 0",
    "rate --interaction magnetic-moment --energies 1 --strength -2": r"strength: must be a finite number ≥ 0 \(got -2",
    "rate --interaction magnetic-moment --energies 1 --atomic pai": (
        r"--atomic: must be one of stepping, free \(got 'pai'\)"
    ),
    "rate --interaction magnetic-moment --energies 1 --mass-mev 1": r"--mass-mev: is given for magnetic-.*; leave",
    "rate --interaction dark-photon --energies 1": r"--mass-mev: is missing; a dark photon needs its mass",
    "rate --interaction dark-photon --energies 1 --mass-mev -1": r"--mass-mev: must be finite numbers ≥ 0",
    "rate --interaction dark-photon --energies 1 --mass-mev 1 --flavour e": r"flavour: must be all .*got .e.\)",
    "survival --source pp --energies-mev 0.1,0": r"--energies-mev: must be > 0 \(got 0\)",
    "survival --source pp --energies-mev=-0.1": r"--energies-mev: must be > 0 \(got -0\.1\)",
}


@pytest.mark.parametrize(("call", "message"), REFUSED.items(), ids=REFUSED)
def test_refused(refused, call, message):
    assert re.search(message, refused(*call.split()))


# Calls that do not parse: the option is named, and the exit code is argparse's.
NOT_A_CALL = {
    "": "COMMAND",
    "rates": "invalid choice: 'rates'",
    "rate --energies 1": "--interaction",
    "rate --interaction weak": "--energies",
    "rate --interaction axion --energies 1": "argument --interaction: invalid choice: 'axion'",
    "rate --interaction weak --energies 1,x": "argument --energies: invalid comma-separated list of numbers",
    "rate --interaction weak --energies nan": "argument --energies",
    "rate --interaction weak --energies inf": "argument --energies",
    "rate --interaction weak --energies 1 --source b8": "argument --source: invalid choice: 'b8'",
    "rate --interaction weak --energies 1 --flavour s": "argument --flavor/--flavour: invalid choice: 's'",
    "rate --interaction weak --energies 1 --atomic rpa": "argument --atomic: invalid choice: 'rpa'",
    "rate --interaction weak --energies 1 --part half": "argument --part: invalid choice: 'half'",
    "rate --interaction millicharge --energies 1 --strength big": "argument --strength: invalid number value: 'big'",
    "survival --source all --energies-mev 1": "argument --source: invalid choice: 'all'",
    "rate --interaction magnetic-momnt --energies 1": "(did you mean 'magnetic-moment'?)",
    "rate --interaction weak --energies 1:2": "'1:2' is no grid; write a:b:n for n numbers",
    "rate --interaction weak --energies 1:2:1": "'1:2:1' has 1 numbers; 2 to 10000 are",
    "rate --interaction weak --energies 1:2:1000000": "has 1000000 numbers",
    "rate --interaction weak --energies 2:1:3": "'2:1:3' does not rise: 2 is not below 1",
    "rate --interaction weak --energies 0:1:3log": "'0:1:3log' begins at 0, which has no logarithm",
    "rate --interaction weak --energies 1:nan:3": "argument --energies",
    "rate --interaction weak --energies 1 --format xml": "argument --format: invalid choice: 'xml'",
    "limit x.yaml --fit-range 30": "'30' is no range; write a:b, as 1:30",
    "limit x.yaml --fit-range 30:1": "'30:1' does not rise",
    "limit x.yaml --set efficiency": "'efficiency' is no key=value; as efficiency.uncertainty=0.1",
    "survival --source pp": "--energies-mev",
    "limit": "file",
    "limit x.json --confidence-level ninety": "argument --confidence-level: invalid number value",
    "init": "folder",
    "--log-level loud rate --interaction weak --energies 1": "argument --log-level: invalid choice: 'loud'",
}


@pytest.mark.parametrize(("call", "message"), NOT_A_CALL.items(), ids=NOT_A_CALL)
def test_not_a_call(run, call, message):
    outcome = run(*call.split())
    assert outcome.code == 2
    assert outcome.out == ""
    assert message in outcome.err.splitlines()[-1]
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("options", "strength"),
    [
        ("--interaction millicharge", "1e-12"),
        ("--interaction magnetic-moment", "1e-11"),
        ("--interaction dark-photon --mass-mev 1", "1e-06"),
    ],
)
def test_a_strength_that_was_not_given_is_the_reference_and_said(run, options, strength):
    """A charge of 1 e would be 1e24 times as much: 1.5e27 events were printed without a word."""
    call = ["rate", *options.split(), "--energies", "1,5"]
    comment, *table = run(*call).out.splitlines()
    assert comment == f"# strength {strength}, the reference strength: --strength was not given"
    assert table == run(*call, "--strength", strength).out.splitlines()
    assert float(table[1].split(",")[1]) < 1e5


def test_rate_of_a_reactor_is_that_of_the_analysis(run):
    """Its source and its target, and the same numbers as from the library."""
    folder = Path(__file__).parents[2] / "config" / "gemma-like"
    words = "rate --interaction magnetic-moment --flavour e --strength 3e-11 --energies 3,5"
    answer = run(*words.split(), "--analysis", folder)
    settings = read_analysis("gemma-like", folder / "analysis.yaml").settings["physics"]
    physics = Physics.from_settings(settings)
    assert physics.target == "germanium"
    expected = recoil_rate(
        "magnetic-moment", [3.0, 5.0], flavour="e", strength=3e-11, physics=physics
    )
    _, rows = read_csv(answer.out)
    np.testing.assert_allclose(rows[:, 1], expected, rtol=1e-8)
    refused = run(*words.split(), "--analysis", folder, "--source", "pp")
    assert refused.code == 1
    assert "--source: must be one of all, reactor (got 'pp')" in refused.err
