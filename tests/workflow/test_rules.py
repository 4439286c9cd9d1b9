"""How rules are written: short, one like the other, and with command lines that their steps take; and
where they are looked for."""

import importlib
import re
import shlex
import statistics
from pathlib import Path
from typing import Annotated

import pytest
from helpers import ROOT, SMOKE, plan, smoke_place, snakemake

from exonu.steps._step import call, parser

FILES = [
    *sorted((ROOT / "workflow").rglob("*.smk")),
    ROOT / "Snakefile",
    ROOT / "workflow/Snakefile",
]
BEGINNING = re.compile(r"( *)(?:use )?rule\b.*:$")
LONGEST, MEDIAN = 25, 15
TARGETS = ("all", "toys", "coverage", "discovery", "closure", "inject", "hepdata", "archive")


def rules():
    """Every rule with its lines."""
    for file in FILES:
        lines = file.read_text().splitlines()
        for place, line in enumerate(lines):
            if found := BEGINNING.fullmatch(line):
                length = 1
                for number, following in enumerate(lines[place + 1 :], 2):
                    if following and not following.startswith(f"{found[1]} "):
                        break
                    length = number if following else length
                yield f"{file.name}: {line.strip()}", lines[place : place + length]


def test_rules_read_like_sentences():
    lengths = {name + body[1]: len(body) for name, body in rules()}
    assert len(lengths) > 50
    assert {name for name, length in lengths.items() if length > LONGEST} == set()
    assert statistics.median(lengths.values()) <= MEDIAN


def test_every_rule_says_what_it_is_for():
    for name, (_, first, *rest) in rules():
        base = re.search(r"use rule (\w+) as (\w+)", name)
        inherits = base and base[2] == f"injected_{base[1]}"
        assert inherits or first.strip().startswith('"""'), name
        assert not re.search(r"^ +(run|script):", "\n".join(rest), re.MULTILINE), name


def planned_commands(place, *arguments):
    """The steps of a dry run and their arguments, as the shell would split them."""
    ended = snakemake(place, "--dry-run", "--printshellcmds", *TARGETS, *arguments)
    assert ended.returncode == 0, ended.stdout[-3000:]
    for line in re.findall(r"^Shell command: (python .*) &> \S+$", ended.stdout, re.MULTILINE):
        _, _, module, *words = shlex.split(line)
        yield module, ["{}" if word == "<TBD>" else word for word in words]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of hepdata_validator
def test_steps_take_the_command_lines_of_the_rules(tmp_path):
    steps = set()
    for module, words in planned_commands(smoke_place(tmp_path / "run"), *SMOKE):
        main = importlib.import_module(module).main
        steps.add(module.removeprefix("exonu.steps."))
        parser(main).parse_args(words)  # else it says why, and exits
    assert {"events.light_map", "templates.closure", "search.injection"} <= steps
    assert {"search.toys", "report.archive", "report.hepdata"} <= steps


def test_a_step_refuses_what_it_does_not_declare(capsys):
    def main(
        output: Annotated[Path, "a file"], chunk: Annotated[tuple[int, int], "a job"] = (0, 1)
    ):
        raise AssertionError

    for words, fault in (
        (["--output", "a", "--colour", "red"], "unrecognized arguments: --colour red"),
        (["--chunk", "1", "4"], "the following arguments are required: --output"),
        (["--output", "a", "--chunk", "1"], "argument --chunk: expected 2 arguments"),
    ):
        with pytest.raises(SystemExit):
            call(main, words)
        assert fault in capsys.readouterr().err


def test_the_snakefile_of_the_catalogue_plans_the_same(fresh):
    """An included default target does not count; the working directory is neither's folder."""
    snakefile = fresh.repository / "workflow" / "Snakefile"
    ours, theirs = plan(fresh), plan(fresh, "--snakefile", str(snakefile))
    assert theirs.outputs == ours.outputs != frozenset()
    assert theirs.rules - {"everything"} == ours.rules - {"all"}


@pytest.mark.slow
def test_a_path_with_an_apostrophe(fresh, tmp_path):
    place = fresh._replace(repository=tmp_path / "it's mine")
    fresh.repository.rename(place.repository)
    ended = snakemake(place, "results/alpha/spectra/weak.csv")
    assert ended.returncode == 0, ended.stdout
    assert (place.folder / "results" / "alpha" / "spectra" / "weak.csv").is_file()


def test_the_limit_of_jobs_a_second_is_where_common_smk_takes_it_off():
    """Snakemake's scheduler has it under the name that `onstart` sets, and none if it is None."""
    from inspect import getsource

    from snakemake.scheduling.job_scheduler import JobScheduler

    ours = (ROOT / "workflow/rules/common.smk").read_text(encoding="utf-8")
    assert "workflow.scheduler.job_rate_limiter = None" in ours
    assert "self.job_rate_limiter = (" in getsource(JobScheduler.__init__)
    assert "if self.job_rate_limiter is None:" in getsource(JobScheduler.job_selector)
    assert "if self.job_rate_limiter is not None:" in getsource(JobScheduler.schedule)
