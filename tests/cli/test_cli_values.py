"""What may be written for names, numbers and files, where the answer goes, and in which form."""

# ruff: noqa: E501 (a case in one line)

import csv
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import yaml

from exonu.catalogue import INTERACTIONS
from exonu.cli.options import FLAVOURS
from exonu.cli.physics_commands import SOURCES
from exonu.cli.values import (
    FLAVOUR_ALIASES,
    INTERACTION_ALIASES,
    SOURCE_ALIASES,
    numbers,
    one_of,
)

MOMENT = ("--interaction", "magnetic-moment")


def answer(run, *arguments):
    outcome = run(*arguments)
    assert (outcome.code, outcome.err) == (0, ""), outcome.err
    return outcome.out


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("--interaction magnetic_moment", "--interaction magnetic-moment"),
        ("--interaction Magnetic-Moment", "--interaction magnetic-moment"),
        ("--interaction mu_nu --source 7Be", "--interaction magnetic-moment --source be7"),
        ("--interaction weak --flavor e", "--interaction weak --flavour e"),
        ("--interaction weak --flavour nu_e", "--interaction weak --flavour e"),
        ("--interaction weak --source PP", "--interaction weak --source pp"),
    ],
)
def test_other_spellings(run, written, plain):
    energies = ("--energies", "1,2")
    assert answer(run, "rate", *written.split(), *energies) == answer(
        run, "rate", *plain.split(), *energies
    )


def test_an_alias_is_of_a_name_and_of_one_alone():
    for aliases, names in (
        (INTERACTION_ALIASES, tuple(INTERACTIONS)),
        (SOURCE_ALIASES, (*SOURCES, "all", "b8")),
        (FLAVOUR_ALIASES, FLAVOURS),
    ):
        assert not aliases.keys() & set(names)
        for alias, name in aliases.items():
            assert one_of(names, aliases)(alias) == name


def test_grids():
    assert numbers("0.5:30:60") == pytest.approx(np.linspace(0.5, 30, 60))
    assert numbers("1e-5:100:40log") == pytest.approx(np.geomspace(1e-5, 100, 40))
    assert numbers("1e-5:100:40log")[-1] == 100  # the ends are as they were written
    assert numbers("1,2:4:3,7") == [1, 2, 3, 4, 7]


def test_energies_of_a_grid(run):
    rows = answer(run, "rate", "--interaction", "weak", "--energies", "0.5:30:60").splitlines()
    assert len(rows) == 61


def test_several_masses(run, experiment):
    case = ("limit", experiment, "--interaction", "dark-photon", "--mass-mev")
    together = nine_digits(answer_of_limit(run, *case, "1e-3,1"))
    assert together == [nine_digits(answer_of_limit(run, *case, mass)) for mass in ("1e-3", "1")]


def nine_digits(answer):
    """One limit is found by kernels that are not compiled, and differs in what comes after."""
    return json.loads(answer, parse_float=lambda text: float(f"{float(text):.9g}"))


def answer_of_limit(run, *arguments):
    """A limit has notes, which are in the log too."""
    outcome = run(*arguments, "--log-level", "error")
    assert (outcome.code, outcome.err) == (0, ""), outcome.err
    return outcome.out


def test_one_mass_where_one_is_meant(refused):
    case = ("--interaction", "dark-photon", "--mass-mev", "1,2")
    assert "--mass-mev: takes one mass here (got 2); `exonu limit` takes several" in refused(
        "rate", *case, "--energies", "1"
    )


@pytest.mark.parametrize("place", ["before", "after"])
def test_log_level_before_the_command_or_after_it(run, experiment, place):
    level = ("--log-level", "info")
    call = ("limit", experiment, *MOMENT)
    outcome = run(*level, *call) if place == "before" else run(*call, *level)
    assert outcome.code == 0


def test_a_fit_range_is_that_of_the_analysis(run, experiment):
    asked = json.loads(answer_of_limit(run, "limit", experiment, *MOMENT, "--fit-range", "2:10"))
    assert asked.pop("fit_range_keV") == [2, 10]
    file = experiment.with_name("analysis.yaml")
    text = file.read_text().replace(
        "magnetic-moment: {", "magnetic-moment: {fit_range_keV: [2, 10], "
    )
    file.write_text(text)
    assert asked == json.loads(answer_of_limit(run, "limit", experiment.parent, *MOMENT))


def test_a_fit_range_within_a_bin(refused, experiment):
    said = refused("limit", experiment, *MOMENT, "--fit-range", "1.5:10")
    assert "1.5 keV is not the lower edge of a bin; the nearest is" in said


@pytest.mark.parametrize(
    ("change", "file", "old", "new"),
    [
        ("efficiency.uncertainty=0.2", "experiment.yaml", "uncertainty: 0.03", "uncertainty: 0.2"),
        ("exposure_tonne_year.value=2", "experiment.yaml", "{value: 1.0,", "{value: 2,"),
        ("physics.solar_model=B16-GS98", "analysis.yaml", "SFII-GS98", "B16-GS98"),
    ],
)
def test_one_assumption_changed(run, experiment, change, file, old, new):
    asked = json.loads(answer_of_limit(run, "limit", experiment.parent, *MOMENT, "--set", change))
    key, _, value = change.partition("=")
    assert asked.pop("set") == {key: value}
    before = json.loads(answer_of_limit(run, "limit", experiment.parent, *MOMENT))
    assert asked["observed"] != before["observed"]
    text = experiment.with_name(file).read_text()
    experiment.with_name(file).write_text(text.replace(old, new, 1))
    assert asked == json.loads(answer_of_limit(run, "limit", experiment.parent, *MOMENT))


TABLES = {
    "physics.cross_sections.magnetic-moment.file": (
        "neutrino_energy_keV,recoil_keV,cross_section_cm2_per_keV",
        ["10,1,{}e-23", "10,30,{}e-24", "400,1,{}e-23", "400,30,{}e-24"],
    ),
    "physics.flux_table.file": (
        "energy_MeV,flux_per_cm2_s_MeV,share_e,share_mu,share_tau",
        ["0.1,{}e11,1,0,0", "0.4,{}e11,1,0,0"],
    ),
    "interactions.spectrum.file": (
        "energy_keV,rate_per_tonne_year_keV",
        ["1,{}", "9,{}0", "20,{}"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("key", TABLES)
def test_a_table_that_is_changed_is_read(run, experiment, key):
    """From the folder of the analysis, as if it stood there; another table in its place is read, too."""
    head, rows = TABLES[key]
    for name, number in (("one.csv", 4), ("other.csv", 1)):
        lines = [head, *(row.format(number) for row in rows)]
        experiment.with_name(name).write_text("\n".join(lines) + "\n")
    of = ("--interaction", "spectrum") if "spectrum" in key else MOMENT
    limit = ("limit", experiment.parent, *of)

    def observed(*changes):
        words = [word for change in changes for word in ("--set", change)]
        return json.loads(answer_of_limit(run, *limit, *words))["observed"]

    one, other = observed(f"{key}=one.csv"), observed(f"{key}=other.csv")
    power = 1 if "spectrum" in key else 2
    assert other == pytest.approx(one * 4 ** (1 / power), rel=1e-3)
    file = experiment.with_name("analysis.yaml")
    content = yaml.safe_load(file.read_text())
    block = content
    for part in key.split(".")[:-1]:
        block = block.setdefault(part, {})
    block["file"] = "one.csv"
    file.write_text(yaml.safe_dump(content))
    assert observed() == pytest.approx(one, rel=1e-9)
    assert observed(f"{key}=other.csv") == pytest.approx(other, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("efficency.uncertainty=0.1", "--set efficency.uncertainty: is a key of neither the experiment nor the analysis; did you mean `efficiency`?"),
        ("efficiency.uncertanty=0.1", "efficiency.uncertanty: is not a known key; did you mean `uncertainty`?"),
        ("efficiency.uncertainty=7", "efficiency.uncertainty: must be < 1 (got 7)"),
        ("physics.solar_model=mine", "--set: physics.solar_model: must be one of"),
        ("blind=false", "--set blind: cannot be changed so; use --unblind"),
        ("efficiency.uncertainty=[", "--set efficiency.uncertainty: is no value of YAML"),
        ("config_version=2", "--set config_version: cannot be changed so; change it in the file"),
        ("is_simulated=false", "--set is_simulated: cannot be changed so; change it in the experiment's YAML"),
        ("experiment=other.yaml", "--set experiment: cannot be changed so; give that experiment's file itself"),
        ("events=events.yaml", "--set events: cannot be changed so; set the limits of events with snakemake"),
        ("experiments=[a, b]", "--set experiments: cannot be changed so; give the experiments' files"),
        ("events_settings.a=1", "--set events_settings.a: cannot be changed so"),
        ("statistics.confidence_level=0.95", "cannot be changed so; use --confidence-level"),
        ("plots.dpi=100", "--set plots.dpi: changes nothing of a limit; leave it out"),
        ("physics.cross_sections.magnetic-moment.file=none.csv", "none.csv: "),
        ("interactions.alp.masses_MeV={minimum: 2, maximum: 1, number: 3}", "masses_MeV.minimum: must be < maximum"),
        ("efficiency.uncertainty=.nan", "must be a finite number"),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be(refused, experiment, change, message):
    assert message in refused("limit", experiment, *MOMENT, "--set", change)


def test_changes_belong_to_one_experiment(refused, experiment):
    for option in (("--set", "a=1"), ("--fit-range", "1:3")):
        said = refused("limit", experiment, experiment, *MOMENT, *option)
        assert f"{option[0]}: is given for several experiments, each of which has its own" in said


@pytest.mark.parametrize("form", ["csv", "table", "json"])
def test_formats_of_a_limit_say_the_same(run, experiment, form, tmp_path):
    one = json.loads(answer_of_limit(run, "limit", experiment, *MOMENT))
    call = ("limit", experiment, *MOMENT)
    text = answer_of_limit(run, *call, "--format", form)
    if form == "json":
        assert json.loads(text) == one
        return
    if form == "csv":
        [row] = csv.DictReader(io.StringIO(text))
        assert float(row["observed"]) == pytest.approx(one["observed"], rel=1e-8)
        assert row["notes"] == "; ".join(one["notes"])
    else:
        header, row = text.splitlines()
        assert header.index("observed") == row.index(f"{one['observed']:.9g}")
    file = tmp_path / f"a.{form}"
    assert answer_of_limit(run, *call, "-o", file) == f"wrote {file}\n"
    assert file.read_text() == text  # the form is that of the file's name


def test_formats_of_a_table(run):
    call = ("rate", *MOMENT, "--energies", "1,2")
    comment, header, *rows = answer(run, *call).splitlines()
    made = json.loads(answer(run, *call, "--format", "json"))
    assert [f"# {note}" for note in made["notes"]] == [comment]
    assert [list(row) for row in made["rows"]] == [header.split(",")] * 2
    assert [",".join(f"{v:.9g}" for v in row.values()) for row in made["rows"]] == rows
    table = answer(run, *call, "--format", "table").splitlines()
    assert [line.split() for line in table[1:]] == [line.split(",") for line in [header, *rows]]


@pytest.mark.parametrize("command", ["combine", "project"])
def test_a_folder_stands_for_its_experiment(run, experiment, command, tmp_path):
    other = tmp_path / "other"
    run("init", other)
    text = (other / "experiment.yaml").read_text()
    (other / "experiment.yaml").write_text(text.replace("My experiment", "Another"))
    call = {
        "combine": lambda a, b: ("combine", a, b, *MOMENT, "-o", "joined.json"),
        "project": lambda a, _: ("project", a, *MOMENT, "--exposure", "1,10"),
    }[command]
    by_folder = answer_of_limit(run, *call("mine", "other"))
    by_file = answer_of_limit(run, *call(experiment.with_name("analysis.yaml"), other / "analysis.yaml"))  # fmt: skip
    assert by_folder == by_file


def test_a_file_is_what_it_holds_whatever_its_name(run, refused, experiment, tmp_path):
    answer_of_limit(run, "combine", experiment, _other(run, tmp_path), *MOMENT, "-o", "a.json")
    right = answer_of_limit(run, "limit", "a.json")
    (tmp_path / "a.txt").write_bytes((tmp_path / "a.json").read_bytes())
    (tmp_path / "b.json").write_bytes(experiment.read_bytes())
    assert answer_of_limit(run, "limit", "a.txt") == right
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf\n" + (tmp_path / "a.json").read_bytes())
    assert answer_of_limit(run, "limit", "a.txt") == right


def _other(run, tmp_path):
    run("init", "another")
    file = tmp_path / "another" / "experiment.yaml"
    file.write_text(file.read_text().replace("My experiment", "Another"))
    return file


NOT_AN_EXPERIMENT = {
    "table.yaml": (b"a,b\n1,2\n", "is a table, not an experiment: nothing says what its columns are; let them be guessed: exonu init --from"),
    "blanks.json": (b"# a b\n1 2\n3 4\n", "is a table, not an experiment|is not JSON"),
    "events.yaml": (b"PAR1" + bytes(40), "is a Parquet file"),
    "raw.json": (b"root\0\0\xf6\xfe" + bytes(200), "is a ROOT file"),
    "a.csv": (b"PK\3\4" + bytes(99), "is a zip archive"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_AN_EXPERIMENT)
def test_a_file_of_another_kind_is_called_what_it_is(refused, tmp_path, name):
    content, message = NOT_AN_EXPERIMENT[name]
    (tmp_path / name).write_bytes(content)
    said = refused("limit", name, *MOMENT)
    assert any(part in said for part in message.split("|")), said


def test_init_from_a_table_marks_its_guesses(run, tmp_path):
    text = "# E_low E_high data bkg bkg_err\n1 2 5 4.5 0.1\n2 3 6 5.0 0.1\n3 5 4 5.5 0.2\n"
    (tmp_path / "mine.dat").write_text(text)
    assert "guessed" in answer(run, "init", "--from", "mine.dat", "new")
    made = (tmp_path / "new" / "experiment.yaml").read_text().splitlines()
    guesses = [line.partition(" # guessed:")[0].strip() for line in made if "# guessed:" in line]
    for line in ("energy_low_keV: E_low", "energy_high_keV: E_high", "observed: data", "column: bkg",
                 "ignored_columns: [bkg_err]", "exposure: {value: 1.0, unit: t y, status: assumed}"):  # fmt: skip
        assert line in guesses
    assert (tmp_path / "new" / "spectrum.dat").read_text() == text
    found = json.loads(answer_of_limit(run, "limit", "new", *MOMENT))
    assert found["blinded"]
    assert any("efficiency is 1 at every energy" in note for note in found["notes"])
    marked = next(note for note in found["notes"] if "still marked as guessed" in note)
    assert marked.startswith(
        f"{len(guesses) - 1} lines are"
    )  # one is the comment that explains the mark
    assert all(key in marked for key in ("exposure", "energy_low_keV", "true_energy_minimum_keV"))
    kept = [line.replace(" # guessed:", " #") for line in made if "exposure: " not in line]
    kept += [line for line in made if "exposure: " in line]
    (tmp_path / "new" / "experiment.yaml").write_text("\n".join(kept) + "\n")
    notes = json.loads(answer_of_limit(run, "limit", "new", *MOMENT))["notes"]
    assert any(
        "1 line is still marked as guessed in experiment.yaml: exposure;" in note for note in notes
    )


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Energy [keV],counts\n1,5\n2,7\n3,4\n", ['energy_centre_keV: "Energy [keV]"', "width_keV: 1", "observed: counts", "constraint: free"]),
        ("E,width,y\n1,1,5.2\n2,1,7.1\n", ["width_keV: width"]),
        ("energy,observed,b0,b1\n1,5.31,1,2\n2,7.1,2,3\n", ["observed: {column: observed, rounding: nearest, status: digitised}", "column: b0"]),
    ],
)  # fmt: skip
def test_guesses(run, refused, tmp_path, text, lines):
    (tmp_path / "t.csv").write_text(text)
    if "y" in text.splitlines()[0].split(","):
        assert "t.csv: has no column that could be observed counts; name it `observed`" in refused("init", "--from", "t.csv", "new")  # fmt: skip
        return
    answer(run, "init", "--from", "t.csv", "new")
    made = (tmp_path / "new" / "experiment.yaml").read_text()
    for line in lines:
        assert line in made
    answer_of_limit(run, "limit", "new", *MOMENT)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("E_eV,counts\n1000,5\n2000,7\n", "E_eV: holds energies in eV; convert the column to keV and name it so"),
        ("energy,counts\n1,5\n2,7\n4,7\n", "energy: holds energies at uneven steps, so that the bins are not known; add a column `width`"),
        ("a,counts\n1,5\n2,7\n", "has no column that could be energies; name it `energy_keV`"),
        ("energy,counts\n1,nan\n", "line 2, column counts: must be a finite number"),
        ("", "has no header line"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_guessed(refused, tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    assert message in refused("init", "--from", "t.csv", "new")


def test_init_from_a_table_is_of_a_spectrum(refused, tmp_path):
    (tmp_path / "t.csv").write_text("energy,counts\n1,5\n2,5\n")
    assert "--from: is a table of a spectrum; leave out --events" in refused("init", "--events", "--from", "t.csv", "new")  # fmt: skip


def test_completion_without_argcomplete_says_nothing(tmp_path):
    """With it, `eval "$(register-python-argcomplete exonu)"` completes commands and names."""
    environment = {**os.environ, "_ARGCOMPLETE": "1", "COMP_LINE": "exonu ra", "COMP_POINT": "8"}
    code = "import sys; sys.modules['argcomplete'] = None; from exonu.cli import main; main([])"
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "")


def test_completion_with_argcomplete(tmp_path):
    pytest.importorskip("argcomplete")
    answered = tmp_path / "answer"
    environment = {**os.environ, "_ARGCOMPLETE": "1", "COMP_LINE": "exonu ra", "COMP_POINT": "8",
                   "_ARGCOMPLETE_STDOUT_FILENAME": str(answered), "_ARGCOMPLETE_IFS": "\n"}  # fmt: skip
    code = "from exonu.cli import main; main([])"
    subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert answered.read_text().strip() == "rate"
