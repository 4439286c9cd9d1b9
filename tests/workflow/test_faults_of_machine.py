"""Faults of the machine: kills at random moments, a full disk, a killed worker. Nothing is lost or
half written."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import pytest
from helpers import (
    ROOT,
    SMOKE,
    SMOKE_EVENTS,
    SNAKEMAKE,
    copy_of_repository,
    results,
    same_content,
    smoke_place,
    snakemake,
)

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="finds the workers in /proc"
)
LIMITS = "results/beta/limits/limits.csv"
OF_EVENTS = {"simulate", "ingest", "reconstruct", "select", "light_map", "probes"}


def started(place, log, *arguments):
    """Snakemake running in a process group of its own."""
    base = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.Popen(
        [SNAKEMAKE, "--snakefile", place.repository / "Snakefile", "--cores", "2", *arguments],
        cwd=place.folder,
        env=base,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def workers(group):
    """The steps that run in a process group, and the numbers of their processes."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) != group:
                continue
            command = (folder / "cmdline").read_bytes().decode().split("\0")
        except OSError:  # it has ended in the meantime
            continue
        found |= {
            part.split(".")[-1]: int(folder.name)
            for part in command
            if part.startswith("exonu.steps.")
        }
    return found


def assert_whole(place, finished):
    """Every result that is there under its name has the content that it has in the undisturbed
    run."""
    there = {
        name: file
        for name, file in results(place.folder / "results").items()
        if ".part" not in name
    }
    for name, file in there.items():
        assert same_content(file, finished.folder / "results" / name), name
    return there


def assert_finishes(place, finished, *arguments):
    """Snakemake ends what was begun, and leaves nothing else."""
    assert snakemake(place, "--unlock", *arguments).returncode == 0
    ended = snakemake(place, "--cores", "2", *arguments)
    assert ended.returncode == 0, ended.stdout
    assert not [file for file in place.folder.glob("results/**/.*.part*") if file.is_file()]
    return assert_whole(place, finished)


def working_time_s(place):
    """For how long a finished run wrote files."""
    times = [file.stat().st_mtime for file in place.folder.glob("results/*/*/*")]
    return max(times) - min(times)


def killed(place, log, work_s, *arguments):
    """Run snakemake and kill it and its jobs when they have worked for some time.

    Returns:
        The steps that were killed; None if snakemake had ended before.
    """
    with log.open("w") as stream:
        running = started(place, stream, *arguments)
        begun = None
        while running.poll() is None:
            steps = workers(running.pid)
            begun = begun or (time.monotonic() if steps else None)
            if begun and time.monotonic() - begun > work_s:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()
                return set(steps)
            time.sleep(0.05)
    assert running.returncode == 0, log.read_text()
    return None


def assert_survives(kills, finished, tmp_path, *arguments):
    """Kill a run at moments all over the undisturbed one, counted from the first job of each start;
    then let it end."""
    place = smoke_place(tmp_path / "run")
    rng = random.Random(kills)
    moments = sorted(rng.uniform(0, working_time_s(finished)) for _ in range(kills))
    hit, locked = [], ()
    for before, moment in pairwise([0, *moments]):
        work_s = moment - before
        while (steps := killed(place, tmp_path / "log", work_s, *arguments, *locked)) is None:
            assert (
                assert_whole(place, finished).keys() == results(finished.folder / "results").keys()
            )
            shutil.rmtree(
                place.folder / "results"
            )  # it was faster than the undisturbed run: from the beginning
            work_s /= 2
        assert_whole(place, finished)
        hit.append(steps)
        locked = ("--nolock",)  # the first one killed has left its lock
    print(f"{kills} kills after {[round(moment, 1) for moment in moments]} s of work, of {hit}")
    assert sum(map(bool, hit)) > kills / 2
    assert set.union(*hit) & OF_EVENTS
    assert (
        assert_finishes(place, finished, *arguments).keys()
        == results(finished.folder / "results").keys()
    )


@pytest.mark.slow
@needs_proc
def test_three_kills_on_the_way_to_selected_events(smoke_events, tmp_path):
    assert_survives(3, smoke_events, tmp_path, SMOKE_EVENTS, *SMOKE)


@pytest.mark.slow
@needs_proc
def test_twenty_kills_on_the_way_to_limits(smoke, tmp_path):
    assert_survives(20, smoke, tmp_path, *SMOKE)


# -- a full disk and a killed worker, on the two small experiments


@pytest.fixture
def small_disk(fresh):
    """A disk of 16 kB in the place of the results; `grow()` makes it large."""
    folder = fresh.folder / "results"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield lambda: subprocess.run(["mount", "-o", "remount,size=50m", folder], check=True)
    subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("mount") is None or os.geteuid() != 0, reason="mounting a small disk needs root"
)
def test_a_full_disk(finished, fresh, small_disk):
    ended = snakemake(fresh, LIMITS)
    assert ended.returncode != 0
    assert "Traceback" not in ended.stdout
    assert "The disk of results/ is full; make room and start snakemake again." in ended.stdout
    # There may have been no room even for the reason.
    log = re.search(r"Logfile results/beta/logs/\w+\.log: empty file", ended.stdout)
    said = (
        r"error: results/beta/\S+: cannot be written \(No space left on device\); "
        r"make room and start snakemake again"
    )
    assert log or re.search(said, ended.stdout), ended.stdout
    assert_whole(fresh, finished)
    small_disk()
    assert "beta/limits/limits.csv" in assert_finishes(fresh, finished, LIMITS)


@pytest.mark.slow
@needs_proc
def test_a_killed_worker(finished, fresh, tmp_path):
    with (tmp_path / "log").open("w") as log:
        running = started(fresh, log, LIMITS)
        while running.poll() is None:
            if worker := workers(running.pid).get("limits"):
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
    assert "beta/limits/limits.csv" in assert_finishes(fresh, finished, LIMITS)


# -- a user who may write nothing but her own folder

NOT_ROOT = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner")
"""Root without what makes permissions void for it."""


@pytest.mark.slow
def test_a_published_analysis_for_a_user_who_may_write_no_source(tmp_path):
    """The repository is somebody else's and read-only, the compiled kernels are unreadable."""
    is_root = os.geteuid() == 0
    if is_root and shutil.which("setpriv") is None:
        pytest.skip("permissions are void for root, and setpriv is not there")
    repository, run = copy_of_repository(tmp_path / "repository"), tmp_path / "run"
    shutil.copytree(ROOT / "config", run / "config")
    (run / "resources").symlink_to(repository / "resources")  # the configuration names them
    kernels = tmp_path / "cache" / "exonu"
    kernels.mkdir(parents=True)
    theirs = [*repository.rglob("*"), repository, kernels]
    for path in sorted(theirs, reverse=True):  # what is in a folder before the folder
        if is_root:
            os.chown(path, 65534, 65534)
        path.chmod(0 if path == kernels else 0o555 if path.is_dir() else 0o444)
    base = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [
        *(NOT_ROOT if is_root else ()),
        *(SNAKEMAKE, "--snakefile", repository / "Snakefile", "--cores", "2"),
        "results/xenonnt-sr0/summary.html",
    ]
    try:
        ended = subprocess.run(
            command,
            cwd=run,
            env={**base, "XDG_CACHE_HOME": str(tmp_path / "cache")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert ended.returncode == 0, ended.stdout
        assert "compiled code is not kept" in ended.stdout + "".join(
            log.read_text() for log in (run / "results/xenonnt-sr0/logs").glob("*.log")
        )
        assert {*repository.rglob("*"), repository, kernels} == set(theirs)  # nothing new
        assert (run / "results/xenonnt-sr0/summary.html").stat().st_size > 10_000
    finally:
        for path in sorted(theirs):
            path.chmod(0o755)
