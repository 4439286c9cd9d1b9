"""Faults of the machine: kills at random moments, a full disk, a killed worker. Nothing is lost or half written.

`EXONU_KILLS` sets the number of kills (three; twenty in the slow tier).
"""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from helpers import SNAKEMAKE, results, snakemake

pytestmark = pytest.mark.slow  # until measured on a quiet machine: half a minute each, and the finished run before
LIMITS = "results/beta/limits/limits.csv"


def started(place, log, *targets):
    """Snakemake running in a process group of its own."""
    base = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.Popen(
        [SNAKEMAKE, "--snakefile", place.repository / "Snakefile", "--cores", "2", *targets],
        cwd=place.folder,
        env={**base, "EXONU_NUMBA": "0"},
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def assert_whole(place, finished):
    """Every result that is there under its name has the bytes of the undisturbed run."""
    there = {name: file for name, file in results(place.folder / "results").items() if ".part" not in name}
    for name, file in there.items():
        assert file.read_bytes() == (finished.folder / "results" / name).read_bytes(), name
    return there


def assert_finishes(place, finished, *targets):
    """Snakemake ends what was begun, and leaves nothing else."""
    assert snakemake(place, "--unlock").returncode == 0
    ended = snakemake(place, "--cores", "2", *targets)
    assert ended.returncode == 0, ended.stdout
    there = assert_whole(place, finished)
    assert set(targets) <= {f"results/{name}" for name in there}
    if not targets:
        assert there.keys() == results(finished.folder / "results").keys()
    assert not [file for file in place.folder.glob("results/**/.*.part*") if file.is_file()]


@pytest.mark.parametrize(
    ("kills", "longest_s", "targets"),
    [(3, 6, [LIMITS]), pytest.param(20, 12, [], marks=pytest.mark.slow)],
    ids=["three", "twenty"],
)
def test_kills_at_random_moments(finished, fresh, tmp_path, kills, longest_s, targets):
    rng = random.Random(kills)
    done, wanted = 0, int(os.environ.get("EXONU_KILLS", kills))
    while done < wanted:
        with (tmp_path / "log").open("w") as log:
            running = started(fresh, log, *targets)
            try:
                running.wait(timeout=rng.uniform(0.5, longest_s))
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()
        if running.returncode == -signal.SIGKILL:
            done += 1
            assert_whole(fresh, finished)
            assert snakemake(fresh, "--unlock").returncode == 0
        else:  # it was faster: once more from the beginning
            assert running.returncode == 0, (tmp_path / "log").read_text()
            assert_whole(fresh, finished)
            shutil.rmtree(fresh.folder / "results")
            shutil.rmtree(fresh.folder / ".snakemake")
    assert_finishes(fresh, finished, *targets)


@pytest.fixture
def small_disk(fresh):
    """A disk of 16 kB in the place of the results; `grow()` makes it large."""
    folder = fresh.folder / "results"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield lambda: subprocess.run(["mount", "-o", "remount,size=50m", folder], check=True)
    subprocess.run(["umount", folder], check=True)


@pytest.mark.skipif(shutil.which("mount") is None or os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_full_disk(finished, fresh, small_disk):
    ended = snakemake(fresh, LIMITS)
    assert ended.returncode != 0
    assert "Traceback" not in ended.stdout
    message = (
        r"error: results/beta/\S+: cannot be written \(No space left on device\); make room and start snakemake again"
    )
    assert re.search(message, ended.stdout), ended.stdout
    assert_whole(fresh, finished)
    small_disk()
    assert_finishes(fresh, finished, LIMITS)


def worker_of(running, step):
    """Number of the process that runs a step below a running snakemake; None if there is none."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            group = os.getpgid(int(folder.name))
        except (OSError, ValueError):  # it has ended in the meantime
            continue
        if group == running.pid and f"exonu.steps.{step}".encode() in command and b"-c" not in command:
            return int(folder.name)
    return None


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds the worker in /proc")
def test_a_killed_worker(finished, fresh, tmp_path):
    with (tmp_path / "log").open("w") as log:
        running = started(fresh, log, LIMITS)
        while running.poll() is None:
            if worker := worker_of(running, "limits"):
                os.kill(worker, signal.SIGKILL)
                break
            time.sleep(0.01)
        running.wait()
    said = (tmp_path / "log").read_text()
    assert running.returncode == 1, said
    assert re.search(r"Error in rule limits_beta_millicharge", said)
    assert "results/beta/logs/limits_millicharge.log" in said
    assert "Killed" in said
    assert "Traceback" not in said
    there = assert_whole(fresh, finished)
    assert "beta/limits/limits.csv" not in there
    assert any("workspaces" in name for name in there)  # what was finished is kept
    assert_finishes(fresh, finished, LIMITS)
