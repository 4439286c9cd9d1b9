"""Every command of the README, the tutorial and the how-to pages is run, in the order in which a
reader would.

Commands stand in fenced blocks `sh`. The fast tier runs those of `exonu` and plans those of
Snakemake; the slow tier runs Snakemake too, and `exonu verify`, which needs what Snakemake made.
`make` sets up an environment and runs what the fixtures have run already: of it, the fast tier
checks that the target is there and that CI calls it. Where a page names a shipped analysis, the
small one of the tests stands in; the smaller demonstration (config/run-smoke.yaml) is run once for
all tests, with compiled kernels."""

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys

import pytest
from forked_snakemake import forked_snakemake
from helpers import ROOT, SMOKE, SNAKEMAKE

PAGES = [
    "README.md",
    "docs/tutorial.md",
    *sorted(f"docs/howto/{page.name}" for page in (ROOT / "docs/howto").glob("*.md")),
]
STANDS_IN = {
    "xenonnt-sr0-": "alpha-",
    "results/xenonnt-sr0/": "results/alpha/",
    "--cores 8": "--cores 2",
    "my-env/bin/exonu": "exonu",
}
ELSEWHERE = ("git ", "python3 -m venv", "my-env/bin/pip", "snakedeploy")
"""Commands that fetch or install: `test_wheel` and the fresh clone of the slow tier do it."""
ACTIVATE = "source .venv/bin/activate"


def commands(page):
    """The commands of a page, in order; comments and continued lines as a shell has them."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL):
        joined = block.replace("\\\n", " ")
        found += [
            line.strip()
            for line in joined.splitlines()
            if line.strip() and not line.strip().startswith("#")
        ]
    return found


class Reader:
    """Somebody at a prompt: the folder of a finished small run, with this interpreter's
    programs."""

    def __init__(self, place):
        self.place = place
        (place.folder / "resources").symlink_to(place.repository / "resources")
        for name in ("smoke", "run-smoke.yaml", "tpc-demo", "run-tpc.yaml"):
            source, target = ROOT / "config" / name, place.folder / "config" / name
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                shutil.copy2(source, target)
        self.programs = place.folder / "bin"
        self.programs.mkdir()
        self._program(
            "snakemake", f'exec {SNAKEMAKE} --snakefile "{place.repository}/Snakefile" "$@"'
        )
        self._program("exonu", f'exec {sys.executable} -m exonu.cli "$@"')

    def _program(self, name, line):
        file = self.programs / name
        file.write_text(f"#!/bin/sh\n{line}\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)

    def run(self, command):
        for shipped, ours in STANDS_IN.items():
            command = command.replace(shipped, ours)
        program, *words = shlex.split(command)
        if program == "snakemake" and "--dry-run" in words:
            words = ["--snakefile", self.place.repository / "Snakefile", *words]
            return forked_snakemake(self.place.folder, words)
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        environment |= {"PATH": f"{self.programs}:{os.environ['PATH']}"}
        if command.startswith("exonu"):
            environment["PYTHONPATH"] = str(self.place.repository / "workflow" / "src")
        return subprocess.run(
            command,
            shell=True,
            cwd=self.place.folder,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )


def test_the_pages_have_commands():
    assert len(commands("README.md")) >= 9
    assert len(commands("docs/tutorial.md")) >= 12
    kinds = {command.split()[0] for page in PAGES for command in commands(page)}
    kinds -= {command.split()[0] for command in map(str, ELSEWHERE)}
    assert kinds <= {"make", "source", "exonu", "my-env/bin/exonu", "snakemake"}, (
        "say here how this kind of command is tested"
    )


def test_make_commands():
    """The targets are there; CI runs the first ones of the README on a clean clone."""
    lines = re.findall(r"^make.*$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    in_ci = {word for line in lines for word in (line.split()[1:] or [""]) if word[:1] != "-"}
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))
    }
    for command in {
        command for page in PAGES for command in commands(page) if command.split()[0] == "make"
    }:
        _, *targets = command.split()
        assert in_ci.issuperset(targets or [""]), f"CI does not run `{command}`"
        ended = subprocess.run(
            [*command.split(), "--dry-run"], cwd=ROOT, env=inherited, capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stderr


def _played(reader, chosen):
    """Run these commands in order, all of which have to end well; what only prints has to print
    something."""
    for command in chosen:
        ended = reader.run(command)
        assert ended.returncode == 0, f"{command}\n{ended.stdout}{ended.stderr}"
        assert ended.stdout or command.startswith("snakemake"), f"{command} says nothing"


def at_prompt(page):
    """A page's commands but `make` (see `test_make_commands`) and the activation, which these tests
    do not need."""
    found = commands(page)
    assert found.count(ACTIVATE) <= 1
    return [
        command
        for command in found
        if command.split()[0] != "make"
        and command != ACTIVATE
        and not command.startswith(ELSEWHERE)
    ]


def of_snakemake(command):
    """Whether a command needs Snakemake, or what Snakemake made just before."""
    return command.startswith(("snakemake", "exonu verify"))


WITH_LIBRARY = [
    page for page in PAGES if any(not of_snakemake(command) for command in at_prompt(page))
]
WITH_SNAKEMAKE = [
    page for page in PAGES if any(of_snakemake(command) for command in at_prompt(page))
]


@pytest.mark.parametrize("page", WITH_LIBRARY)
def test_commands_of_the_library(page, place):
    _played(Reader(place), [command for command in at_prompt(page) if not of_snakemake(command)])


def test_commands_of_snakemake_can_be_planned(place):
    """Each different one once, without the number of cores."""
    planned = {
        re.sub(r" --cores \d+| --dry-run", "", command)
        for page in PAGES
        for command in at_prompt(page)
        if command.startswith("snakemake")
    }
    assert len(planned) >= 3
    _played(Reader(place), [f"{command} --cores 1 --dry-run" for command in sorted(planned)])


def of_smoke(page):
    """Whether a page's commands run the smaller demonstration."""
    return any(SMOKE[-1] in command for command in at_prompt(page))


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in WITH_SNAKEMAKE if not of_smoke(page)])
def test_all_commands_of_a_page(page, place):
    _played(Reader(place), at_prompt(page))


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in WITH_SNAKEMAKE if of_smoke(page)])
def test_commands_of_the_smaller_demonstration(page, smoke, tmp_path):
    """The run that all tests share is by this very command; here it finds that run's results."""
    place = smoke._replace(folder=shutil.copytree(smoke.folder, tmp_path / "run", symlinks=True))
    run = " ".join(["snakemake", "--cores", "2", *SMOKE])
    assert [command for command in at_prompt(page) if of_snakemake(command)] == [run]
    reader = Reader(place)
    _played(reader, at_prompt(page))
    assert "Nothing to be done" in reader.run(run).stderr
    assert "Simulated:" in (place.folder / "results/smoke/summary.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_ones_own_experiment_as_the_tutorial_has_it(place):
    """Its name is added to `analyses`: only the new one runs, and its page says that the numbers
    are invented."""
    reader = Reader(place)
    assert reader.run("exonu init config/my-experiment").returncode == 0
    masses = "{minimum: 0.001, maximum: 10, number: 2}, more_masses_MeV: []"
    place.edit("config/config.yaml", "[alpha, beta]", "[alpha, beta, my-experiment]")
    with (place.folder / "config" / "config.yaml").open("a") as config:
        config.write(
            f"overrides: {{my-experiment: {{interactions: {{dark-photon: {{masses_MeV: {masses}}}}}}}}}\n"
        )
    before = (place.folder / "results/alpha/limits/limits.csv").stat().st_mtime_ns
    ended = reader.run(
        "snakemake --cores 2 results/my-experiment/limits/limits.csv results/my-experiment/summary.html"
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (place.folder / "results/alpha/limits/limits.csv").stat().st_mtime_ns == before
    page = (place.folder / "results/my-experiment/summary.html").read_text(encoding="utf-8")
    assert "Simulated:" in page
    assert "Blinded:" in page
