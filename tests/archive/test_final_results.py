"""Digests of final results: an edit is found and set aside, a job that ran again is believed, and an edit never becomes
a result."""

import json
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from exonu.archive.final_results import changed_results, record_results, set_aside
from exonu.core.errors import InputError

RESULTS, RECORDS = Path("results/mine"), Path(".snakemake/metadata")


def job(name, content, ended):
    """A job has written a file, as Snakemake records it."""
    file = RESULTS / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    RECORDS.mkdir(parents=True, exist_ok=True)
    record = RECORDS / urlsafe_b64encode(file.as_posix().encode()).decode()
    record.write_text(json.dumps({"endtime": ended}))


@pytest.fixture(autouse=True)
def finished(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job("limits/limits.csv", "a\n1\n", 10.0)
    job("summary.html", "<p>1</p>", 11.0)
    job("selected/run_1.root", "large", 5.0)
    assert record_results(RESULTS, RECORDS) == 2


def differing():
    return [
        (path.relative_to(RESULTS).as_posix(), problem)
        for path, problem in changed_results(RESULTS)
    ]


def test_what_is_as_it_was_made():
    assert differing() == []
    assert record_results(RESULTS, RECORDS) == 0


@pytest.mark.parametrize("content", ["a\n2\n", "", "a\n1"])
def test_an_edited_or_truncated_file(content):
    (RESULTS / "limits/limits.csv").write_text(content)
    assert differing() == [("limits/limits.csv", "differs from what its job wrote")]
    record_results(RESULTS, RECORDS)  # the end of another run, which did not make this file
    assert differing() == [("limits/limits.csv", "differs from what its job wrote")]


def test_a_file_that_is_gone_is_missing():
    (RESULTS / "summary.html").unlink()
    assert differing() == [("summary.html", "is missing")]


def test_what_a_job_made_again_is_believed():
    job("limits/limits.csv", "a\n2\n", 20.0)
    assert record_results(RESULTS, RECORDS) == 1
    assert differing() == []


def test_an_edited_file_is_set_aside():
    for text, name in (("a\n2\n", "limits.csv.edited"), ("a\n3\n", "limits.csv.edited2")):
        (RESULTS / "limits/limits.csv").write_text(text)
        aside = set_aside(RESULTS / "limits/limits.csv")
        assert (aside.name, aside.read_text()) == (name, text)
        assert not (RESULTS / "limits/limits.csv").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is not JSON"), ("[1]", "holds no digests"), ('{"a": 1}', "holds no digests")],
)
def test_digests_that_cannot_be_read(content, message):
    (RESULTS / "digests.json").write_text(content)
    with pytest.raises(InputError, match=message):
        list(changed_results(RESULTS))
    record_results(RESULTS, RECORDS)
    assert differing() == []


def test_without_digests():
    with pytest.raises(
        InputError, match=r"digests\.json: does not exist; run snakemake to its end"
    ):
        list(changed_results(Path("results/other")))
