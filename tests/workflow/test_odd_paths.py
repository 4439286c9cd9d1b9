"""A repository in a folder whose name means something to the shell, to Snakemake or to both."""

import pytest
from helpers import small_place, snakemake


@pytest.mark.slow
def test_a_repository_below_an_apostrophe(tmp_path):
    place = small_place(tmp_path / "it's mine, 50% $HOME")
    made = "results/alpha/workspaces/magnetic-moment_all.json"
    ended = snakemake(place, "--cores", "1", made)
    assert ended.returncode == 0, ended.stdout
    assert (place.folder / made).is_file()


@pytest.mark.slow
def test_braces_are_refused(tmp_path):
    """Snakemake formats the path of every rule's conda environment; nothing of ours can change that."""
    ended = snakemake(small_place(tmp_path / "{mine}"), "--dry-run")
    assert ended.returncode == 1
    assert "Snakemake takes braces in the path of a workflow for wildcards" in ended.stdout
    assert "Traceback" not in ended.stdout
