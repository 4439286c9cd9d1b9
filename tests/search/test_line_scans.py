"""Scans of lines: local and global significance, from files, in memory and by the command line."""

import json

import pytest

from exonu.cli import main
from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.search.analysis import read_analysis
from exonu.search.planning import planned_experiment
from exonu.search.studies.mass_scans import scan_of_experiment, scan_table

SR0 = resource_path("published/xenonnt-sr0/experiment.yaml")
SR1 = resource_path("published/xenon1t-sr1/experiment.yaml")


@pytest.fixture(scope="module")
def excess():
    """XENON1T's excess, 2.0 to 3.2 keV."""
    masses = [2.0e-3, 2.3e-3, 2.6e-3, 3.2e-3, 4e-3]
    return scan_of_experiment(SR1, "alp", masses=masses, n_toys=250)


def test_a_line_in_xenon1t_s_excess(excess):
    """arXiv:2006.09721 finds 2.3 ± 0.2 keV with 4.0 σ local and 3.0 σ global, by single energies and
    a scan of all masses; ours are bins of 1 keV and five masses, so that the global one is higher."""
    whole = excess["global"]
    assert whole["mass_MeV"] == pytest.approx(2.3e-3, abs=0.35e-3)
    assert whole["local_significance"] == pytest.approx(4.0, abs=0.4)
    assert 2.8 < whole["significance"] < whole["local_significance"]
    assert excess["notes"] == []


def test_a_grid_with_gaps_is_said(caplog):
    found = scan_of_experiment(SR1, "alp", masses=[2e-3, 6e-3, 6.5e-3], n_toys=250)
    [note] = found["notes"]
    assert note.startswith("1 of 2 steps between masses are wider than a line, 2 to 6 keV first")
    assert note in caplog.text
    assert set(scan_table(found)["notes"]) == {note}


def test_the_command_scans(capsys, excess):
    words = ["scan", str(SR1), "--interaction", "alp", "--mass-mev", "2e-3,2.3e-3,2.6e-3,3.2e-3,4e-3"]  # fmt: skip
    assert main([*words, "--toys", "250", "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [row["p0"] for row in answer["rows"]] == pytest.approx(
        [row["p0"] for row in excess["masses"]], rel=1e-8
    )
    assert answer["notes"][0].startswith("largest excess at 0.00")


def test_the_atomic_model_and_what_the_data_are(capsys, tmp_path):
    words = ["--interaction", "dark-photon", "--mass-mev", "1e-3,1", "--toys", "250"]
    found = {}
    for atomic in ("stepping", "free"):
        assert main(["scan", str(SR1), *words, "--atomic", atomic, "--format", "json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        found[atomic] = [row["best_fit"] for row in answer["rows"]]
        assert not any("simulated" in note or "blinded" in note for note in answer["notes"])
    assert found["free"][0] < 0.999 * found["stepping"][0]  # more electrons recoil
    assert main(["init", str(tmp_path / "mine")]) == 0
    capsys.readouterr()
    assert main(["scan", str(tmp_path / "mine"), *words]) == 0
    said = capsys.readouterr().out
    assert "# blinded: the expected background stands in place" in said
    assert "# simulated: the observed counts are not measured" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--interaction: is missing; choose one that has a mass"),
        (["--interaction", "solar-axion"], "--interaction: has no mass to scan (solar-axion)"),
        (["--interaction", "alp", "--mass-mev", "0.002"], "a scan needs workspaces of two masses"),
        (["--interaction", "alp", "--mass-mev", "0.002,0.9"],
         "expects no signal in any bin from 1 to 30 keV, so that no limit on it exists; give masses whose lines"),
    ],
)  # fmt: skip
def test_what_cannot_be_scanned(capsys, words, message):
    assert main(["scan", str(SR0), "--toys", "250", *words]) == 1
    assert message in capsys.readouterr().err


def test_lines_above_the_spectrum_are_refused_before_any_work(tmp_path):
    file = tmp_path / "lines.yaml"
    block = {"config_version": 1, "experiment": str(SR0), "interactions": {"alp": {}}}
    file.write_text(json.dumps(block))
    message = r"masses_MeV: has lines up to 100 keV.*ends at 30 keV.*maximum: 0\.03"
    with pytest.raises(InputError, match=message):
        planned_experiment(read_analysis("lines", file))
    block["interactions"] = {"alp": {"masses_MeV": {"maximum": 0.03}}}
    file.write_text(json.dumps(block))
    assert planned_experiment(read_analysis("lines", file)).name == "XENONnT SR0"
