"""The smaller demonstration on a one-node SLURM: the same bytes as without it. `make test-slurm`
runs this."""

import importlib.util
import shutil
from pathlib import Path

import one_node_slurm
import pytest
from helpers import SMOKE, Place, copy_of_repository, same_bytes, snakemake

EXECUTOR = importlib.util.find_spec("snakemake_executor_plugin_slurm")
# What this SLURM of one node without accounting needs besides the profile.
SITE = (
    "--slurm-no-account",
    "--slurm-status-command",
    "squeue",
    "--slurm-init-seconds-before-status-checks",
    "1",
)
PATIENCE = ("--seconds-between-status-checks", "1", "--latency-wait", "10")


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """SLURM's own environment; skipped, with the reason, where there cannot be one."""
    reason = one_node_slurm.absent() or (
        "" if EXECUTOR else "no snakemake-executor-plugin-slurm: `make slurm`"
    )
    if reason:
        pytest.skip(reason)
    with one_node_slurm.one_node(tmp_path_factory.mktemp("slurm"), cpus=2):
        # Snakemake finds the executor also where it is not installed but on the path.
        yield {"PYTHONPATH": str(Path(EXECUTOR.origin).parents[1])}


@pytest.mark.slow
@pytest.mark.slurm
def test_the_smaller_demonstration_is_the_same_on_a_cluster(slurm, smoke, tmp_path):
    """On the cluster the kernels are compiled anew, side by side; the local run has those of
    before."""
    cluster = Place(copy_of_repository(tmp_path / "repository"), tmp_path / "cluster")
    shutil.copytree(cluster.repository / "config", cluster.folder / "config")
    kernels = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    profile = ("--profile", str(cluster.repository / "profiles" / "slurm"), "--cores", "2")
    ended = snakemake(cluster, *profile, *SITE, *PATIENCE, *SMOKE, **slurm, **kernels)
    assert ended.returncode == 0, ended.stdout
    assert "has been submitted with SLURM jobid" in ended.stdout
    same_bytes(smoke.folder / "results", cluster.folder / "results")
    again = snakemake(cluster, "--dry-run", *SMOKE)
    assert "Nothing to be done" in again.stdout, again.stdout
