"""The archive as an RO-Crate: valid by the validator of its profiles, without a network, and equal
for equal runs."""

import json
import zipfile

import pytest
from archived_analysis import make_archive, make_results, still_repository, write_records

from exonu.archive.container import read_archive, sha256
from exonu.cli import main

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pyhf's and pyshacl's
START = 1_700_000_000.0  # 2023-11-14T22:13:20Z


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "mine"
    make_results(folder)
    write_records(folder, START)
    return folder


@pytest.fixture(scope="module")
def archive(results):
    return make_archive(results)


def crate_of(file):
    with zipfile.ZipFile(file) as zipped:
        return json.loads(zipped.read("ro-crate-metadata.json"))


def entities(crate, kind=None):
    found = {entity["@id"]: entity for entity in crate["@graph"]}
    assert len(found) == len(crate["@graph"])
    return {
        name: entity for name, entity in found.items() if kind is None or kind in entity["@type"]
    }


def listed(links):
    return [link["@id"] for link in (links if isinstance(links, list) else [links])]


def changed(archive, target, change):
    """The archive with another description."""
    with zipfile.ZipFile(archive) as zipped, zipfile.ZipFile(target, "w") as other:
        for name in zipped.namelist():
            content = zipped.read(name)
            if name == "ro-crate-metadata.json":
                crate = json.loads(content)
                change(entities(crate))
                content = json.dumps(crate)
            other.writestr(name, content)
    return target


def test_an_archive_is_a_provenance_run_crate(archive, crate_faults):
    """The profile contains Workflow Run Crate, Process Run Crate, Workflow RO-Crate and RO-Crate
    1.1."""
    assert crate_faults(archive, "provenance-run-crate-0.5") == []


@pytest.fixture(scope="module")
def without_records(results):
    plain = results.with_name("plain") / "mine"
    plain.parent.mkdir()
    make_results(plain)
    return make_archive(plain)


@pytest.mark.slow
def test_without_records_it_is_a_workflow_run_crate(without_records, crate_faults):
    assert crate_faults(without_records, "workflow-run-crate-0.5") == []


def test_without_records_it_says_no_more_than_that(without_records):
    file = without_records
    assert "https://w3id.org/ro/wfrun/provenance/0.5" not in entities(crate_of(file))
    assert set(entities(crate_of(file), "CreateAction")) == {"#run"}


CHANGES = {
    "no instrument": (lambda found: found["#job/1"].pop("instrument"), "MUST have an instrument"),
    "no licence": (lambda found: found["./"].pop("license"), "MUST have a `license`"),
    "no such file": (
        lambda found: found["run/git.json"].update({"@id": "run/gone.json"}),
        "run/gone.json",
    ),
    "no such term": (lambda found: found["./"].update({"colour": "blue"}), "colour"),
}


@pytest.mark.parametrize(
    "case",
    [
        case if case == "no instrument" else pytest.param(case, marks=pytest.mark.slow)
        for case in CHANGES
    ],
)
def test_the_validator_finds_crate_faults(archive, crate_faults, tmp_path, case):
    change, message = CHANGES[case]
    found = crate_faults(
        changed(archive, tmp_path / "changed.zip", change), "provenance-run-crate-0.5"
    )
    assert any(message in fault for fault in found), found


def test_every_member_is_described(archive):
    """But Snakemake's records, which are hundreds, and what the archive says of itself."""
    members = read_archive(archive).members
    files = entities(crate_of(archive), "File")
    its_own = ("payload.sha256", "ro-crate-metadata.json")
    described = {
        name for name in members if not name.startswith("run/.snakemake/") and name not in its_own
    }
    assert set(files) == described
    for name, entity in files.items():
        assert (entity["sha256"], entity["contentSize"]) == (
            sha256(members[name]),
            str(len(members[name])),
        )
    assert set(listed(entities(crate_of(archive))["./"]["hasPart"])) == described


def test_actions_say_what_was_made_of_what_and_when(archive):
    found = entities(crate_of(archive))
    first, second = found["#job/1"], found["#job/2"]
    workspaces = {
        f"payload/results/mine/workspaces/{n}.json"
        for n in ("millicharge_e", "dark-photon_all_10MeV")
    }
    assert (first["startTime"], first["endTime"]) == (
        "2023-11-14T22:13:20.000+00:00",
        "2023-11-14T22:13:25.001+00:00",
    )
    assert set(listed(first["result"])) == set(listed(second["object"])) == workspaces
    assert "payload/configuration/experiment/experiment.yaml" in listed(first["object"])
    assert listed(second["result"]) == ["payload/results/mine/limits/limits.csv"]
    assert found[first["instrument"]["@id"]]["name"] == "exonu.steps.search.workspaces"
    run = found["#run"]
    assert (run["startTime"], run["endTime"]) == (first["startTime"], second["endTime"])
    assert run["endTime"] == found["./"]["datePublished"]
    assert found["#organisation"]["result"] == {"@id": "#run"}
    assert listed(found["#organisation"]["object"]) == ["#control/1", "#control/2"]
    assert "payload/configuration/analysis.yaml" in listed(run["object"])


def test_a_description_does_not_touch_the_payload(results, archive, monkeypatch, tmp_path):
    monkeypatch.setattr("exonu.archive.contents.REPOSITORY", still_repository(tmp_path))
    before = make_archive(results, "again-1.zip").read_bytes()
    assert make_archive(results, "again-1.zip").read_bytes() == before
    digest = read_archive(archive).payload_digest
    write_records(results, START + 1000)
    again = make_archive(results, "again-1.zip")
    assert entities(crate_of(again))["#job/1"]["startTime"] == "2023-11-14T22:30:00.000+00:00"
    assert read_archive(again).payload_digest == digest


def test_a_changed_description_is_found(archive, tmp_path, capsys):
    file = changed(
        archive,
        tmp_path / "changed.zip",
        lambda found: found["#run"].update({"name": "Run of the workflox"}),
    )
    assert main(["verify", str(file)]) == 1
    assert "ro-crate-metadata.json: has another" in capsys.readouterr().err
