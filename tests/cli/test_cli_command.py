"""`exonu init`, the general options, and the installed command itself in a process of its own."""

import argparse
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import exonu.cli
from exonu import __version__
from exonu.cli import initial_files
from exonu.core.resources import resource_path, schema_path
from exonu.statistics.examples import two_bins_workspace

EXONU = Path(sys.executable).with_name("exonu")


def test_init_writes_the_template_and_says_what_to_do_next(run, tmp_path):
    outcome = run("init", "config/mine")
    assert (outcome.code, outcome.err) == (0, "")
    template = {file.name: file.read_text() for file in resource_path("template").iterdir()}
    folder = tmp_path / "config" / "mine"
    written = {file.name: file.read_text() for file in folder.iterdir()}
    for name in ("experiment.yaml", "analysis.yaml"):
        first, _, rest = written[name].partition("\n")
        schema = folder / first.removeprefix("# yaml-language-server: $schema=")
        assert schema.resolve() == schema_path("experiment.yaml").with_name(name)
        written[name] = f"{template[name].splitlines()[0]}\n{rest}"
    assert written == template
    assert template.keys() == {"experiment.yaml", "analysis.yaml", "spectrum.csv", "efficiency.csv"}
    assert "exonu limit config/mine --interaction magnetic-moment" in outcome.out


def test_init_for_events(run, refused, tmp_path):
    outcome = run("init", "--events", "config/mine")
    assert (outcome.code, outcome.err) == (0, "")
    folder = tmp_path / "config" / "mine"
    assert {file.name for file in folder.iterdir()} == {
        "analysis.yaml", "events.yaml", "runs.tsv", "samples.tsv", "calibration.tsv",
        "channel_map.csv", "pmts.csv",
    }  # fmt: skip
    assert all("#" in file.read_text() for file in folder.iterdir())
    analysis = yaml.safe_load((folder / "analysis.yaml").read_text())
    assert (analysis["events"], analysis["blind"]) == ("events.yaml", True)
    assert "simulation" not in yaml.safe_load((folder / "events.yaml").read_text())
    assert "its name, mine, into `analyses`" in outcome.out
    assert "results/mine/cut_flow/cut_flow.csv" in outcome.out
    assert "config/mine: is not empty; name a new folder; nothing was written" in refused(
        "init", "--events", "config/mine"
    )


def test_init_s_files_are_commented(experiment):
    for file in experiment.parent.iterdir():
        assert "#" in file.read_text(), file


def test_the_advice_of_init_works(run):
    advice = run("init", "mine").out
    [command] = [
        line.split()[1:] for line in advice.splitlines() if line.strip().startswith("exonu limit")
    ]
    answer = json.loads(run(*command).out)
    assert answer["observed"] > 0
    assert answer["blinded"] is True


def test_init_keeps_what_is_there(refused, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    assert "mine: is not empty; name a new folder; nothing was written" in refused("init", "mine")
    assert "thesis.txt: is a file; name a new folder" in refused("init", "mine/thesis.txt")
    assert "cannot be written (Not a directory)" in refused("init", "mine/thesis.txt/below")


def test_init_fills_an_empty_folder(run, tmp_path):
    (tmp_path / "mine").mkdir()
    assert run("init", "mine").code == 0
    assert (
        yaml.safe_load((tmp_path / "mine" / "experiment.yaml").read_text())["config_version"] == 1
    )


def test_version(run):
    assert run("--version") == (0, f"exonu {__version__}\n", "")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["rate", "--help"], ["limit", "--help"], ["init", "--help"]]
)
def test_help_explains(run, arguments):
    outcome = run(*arguments)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("usage: exonu")


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_log_level_leaves_stdout_alone(run, level):
    plain = run("survival", "--source", "pp", "--energies-mev", "0.1")
    assert (
        run("--log-level", level, "survival", "--source", "pp", "--energies-mev", "0.1").out
        == plain.out
    )


def process(*arguments, folder, command=(str(EXONU),)):
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "command", [(str(EXONU),), (sys.executable, "-m", "exonu.cli")], ids=["exonu", "-m"]
)
def test_rate_in_a_process(tmp_path, command):
    ended = process(
        "rate", "--interaction", "weak", "--energies", "2", folder=tmp_path, command=command
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    header, row, last = ended.stdout.split("\n")
    assert (header, row.split(",")[0], last) == ("energy_keV,rate_per_tonne_year_keV", "2", "")
    assert list(tmp_path.iterdir()) == []


def test_limit_in_a_process(tmp_path):
    assert process("init", "mine", folder=tmp_path).returncode == 0
    ended = process(
        "limit", "mine/experiment.yaml", "--interaction", "magnetic-moment", folder=tmp_path
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert 1e-12 < json.loads(ended.stdout)["observed"] < 1e-10


def test_a_fault_in_a_process(tmp_path):
    ended = process("limit", "gone.json", folder=tmp_path)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert (
        ended.stderr
        == "error: gone.json: cannot be read (No such file or directory); give an existing file\n"
    )


def test_a_reader_that_leaves_is_no_fault(tmp_path):
    energies = ",".join(str(1 + n / 100) for n in range(9000))
    line = f"'{EXONU}' rate --interaction weak --energies {energies} | head -n 1"
    ended = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True)
    assert ended.stdout == "energy_keV,rate_per_tonne_year_keV\n"
    assert "Traceback" not in ended.stderr
    assert "BrokenPipe" not in ended.stderr


def test_the_command_starts_without_what_it_does_not_need():
    code = "import sys, exonu.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "scipy", "pandas", "pyhf", "matplotlib", "numba"} & set(loaded)


def test_a_limit_of_a_workspace_loads_little(tmp_path):
    """No compiler, no schema: the process takes a third of the time of `pyhf cls`."""
    (tmp_path / "two.json").write_text(json.dumps(two_bins_workspace()))
    code = (
        "import sys; from exonu.cli import main; sys.argv[1:] = ['limit', 'two.json']; main();"
        "print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(ended.stdout)["observed"] == pytest.approx(0.8, abs=0.2)
    loaded = set(ended.stderr.split())
    assert "numpy" in loaded
    assert not loaded & {"numba", "scipy", "pandas", "jsonschema"}


def test_a_missing_package_names_the_extra_that_brings_it(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "uproot", None)
    (tmp_path / "raw.root").write_bytes(b"root")
    outcome = run("show", "raw.root", "1")
    assert outcome.code == 1
    assert outcome.err == (
        "error: needs uproot, which is not installed; pip install 'exonu[events]'\n"
    )


def test_init_for_reconstructed_events(run, refused, tmp_path):
    outcome = run("init", "--events", "--level", "reconstructed", "config/mine")
    assert outcome.code == 0
    assert "docs/tutorial-tpc.md" in outcome.out
    written = {file.name for file in (tmp_path / "config" / "mine").iterdir()}
    assert {"events.yaml", "run_1.csv", "signal.csv", "samples.tsv"} <= written
    assert run("check", "mine").code == 0
    assert "--level: is of events; add --events" in refused("init", "--level", "reconstructed", "x")


def _read(function, seen):
    """Source of a function and of those of the command line that it calls."""
    seen.add(function)
    text = inspect.getsource(function)
    for name in function.__code__.co_names:
        called = function.__globals__.get(name)
        if inspect.isfunction(called) and called not in seen:
            text += _read(called, seen) if called.__module__.startswith("exonu.cli") else ""
    return text


def test_every_option_is_read_by_its_command():
    """One that nothing reads is ignored without a word."""
    parser = exonu.cli._parser()
    [commands] = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    whole = inspect.getsource(exonu.cli)
    more = {"init": inspect.getsource(initial_files)}  # imported when it is called
    unread = [
        f"exonu {name} {action.option_strings[-1]}"
        for name, one in commands.choices.items()
        for action in one._actions
        if action.option_strings and action.dest != "help"
        and f"given.{action.dest}"
        not in whole + more.get(name, "") + _read(one.get_default("command"), set())
    ]  # fmt: skip
    assert unread == []
