"""The command line in this process, and an experiment that `exonu init` made."""

from typing import NamedTuple

import pytest

from exonu.cli import main


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run `exonu ARGUMENTS` in an empty folder and return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:  # argparse
            code = stop.code
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture
def refused(run, tmp_path):
    """Run `exonu ARGUMENTS`, which must fail with one message, print no result and write
    nothing."""

    def call(*arguments):
        before = snapshot(tmp_path)
        outcome = run(*arguments)
        assert outcome.code == 1
        assert outcome.out == ""
        assert outcome.err.startswith("error: ")
        assert outcome.err.count("error") == 1
        assert "Traceback" not in outcome.err
        assert snapshot(tmp_path) == before
        return outcome.err

    return call


def snapshot(folder):
    return {file: file.read_bytes() if file.is_file() else None for file in folder.rglob("*")}


@pytest.fixture
def experiment(run, tmp_path):
    """An experiment's YAML, fresh from `exonu init`."""
    assert run("init", "mine").code == 0
    return tmp_path / "mine" / "experiment.yaml"
