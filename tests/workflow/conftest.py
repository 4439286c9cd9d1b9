"""One finished run of two small experiments, made once and shared by all tests and all pytest
workers."""

import fcntl
import os
import shutil

import pytest
from helpers import (
    ROOT,
    SMOKE,
    SMOKE_EVENTS,
    Place,
    copy_of_repository,
    small_place,
    smoke_place,
    snakemake,
)


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_folder):
    """The place of the finished run; tests copy it before they change anything."""
    place = Place(worker_folder / "finished" / "repository", worker_folder / "finished" / "run")
    done = worker_folder / "finished.txt"
    with (worker_folder / "finished.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            place = small_place(worker_folder / "finished")
            ended = snakemake(place, "--cores", "2")
            done.write_text(f"{ended.returncode}\n{ended.stdout}")
    code, _, said = done.read_text().partition("\n")
    assert code == "0", said
    return place


@pytest.fixture(scope="session")
def worker_folder(tmp_path_factory):
    """The temporary folder of this pytest run, the same for all of its workers."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def once(worker_folder):
    """Makes a place once for all pytest workers: `once(name, make)` calls `make(place)` if nobody
    has.

    With `copied=False` there is no copy of the repository, only a folder: for runs of the
    repository in its place."""

    def get(name, make, copied=True):
        top = worker_folder / name
        repository = top / "repository" if copied else ROOT
        with (worker_folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (top / "done").exists():
                shutil.rmtree(top, ignore_errors=True)
                if copied:
                    copy_of_repository(repository)
                (top / "run").mkdir(parents=True)
                make(Place(repository, top / "run"))
                (top / "done").touch()
        return Place(repository, top / "run")

    return get


@pytest.fixture(scope="session")
def smoke(once):
    """The finished run of config/run-smoke.yaml, from the simulation to limits, with compiled
    kernels."""
    return once("smoke", run_smoke(), copied=False)


@pytest.fixture(scope="session")
def smoke_events(once):
    """The part of it that the fast tests can wait for: the selected events of one sample."""
    return once("smoke_events", run_smoke(SMOKE_EVENTS), copied=False)


def run_smoke(*targets):
    """What makes a folder the finished run of the smaller demonstration, or of a part of it."""

    def make(place):
        place.folder.rmdir()
        ended = snakemake(smoke_place(place.folder), "--cores", "2", *targets, *SMOKE)
        assert ended.returncode == 0, ended.stdout

    return make


@pytest.fixture
def place(finished, tmp_path):
    """A copy of the finished run and of its repository, to be changed."""
    return finished.copy(tmp_path)


@pytest.fixture
def fresh(tmp_path):
    """The same before anything has run."""
    return small_place(tmp_path)
