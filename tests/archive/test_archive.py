"""Archives: equal for equal results, and no change of any member goes unnoticed."""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from archived_analysis import make_archive, make_results, still_repository

from exonu.archive.container import payload_digest, read_archive, sha256, write_archive
from exonu.archive.contents import configuration, git_state, snakemake_records
from exonu.cli import main
from exonu.core.errors import InputError
from exonu.core.files import write_json
from exonu.core.resources import resource_path
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import meaning_file
from exonu.search.experiment.read_experiment import read_experiment

pytestmark = pytest.mark.filterwarnings(
    "ignore:jsonschema.RefResolver:DeprecationWarning"
)  # pyhf's


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "mine"
    make_results(folder)
    make_archive(folder)
    return folder


@pytest.fixture
def results(finished, tmp_path):
    """A copy of the results, to be changed."""
    return Path(shutil.copytree(finished, tmp_path / "mine"))


@pytest.fixture
def archive(finished):
    return finished / "archive" / "mine-1.zip"


@pytest.fixture
def verify(capsys):
    """`exonu verify FILE`: the summary, or the message of a refusal."""

    def call(file):
        capsys.readouterr()
        code = main(["verify", str(file)])
        out, err = capsys.readouterr()
        if code == 0:
            assert err == ""
            return json.loads(out)
        assert (code, out) == (1, "")
        assert err.startswith(f"error: {file}: ")
        assert err.count("\n") == 1
        return err

    return call


def refused(verify, file):
    message = verify(file)
    assert isinstance(message, str), "it was not refused"
    return message


def rezipped(archive, target, change):
    """A zip with the members of another, changed by `change(members)`, and right checksums of zip's
    own."""
    with zipfile.ZipFile(archive) as zipped:
        members = {name: zipped.read(name) for name in zipped.namelist()}
    change(members)
    with zipfile.ZipFile(target, "w") as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return target


def test_a_good_archive_is_verified(verify, archive):
    summary = verify(archive)
    assert (summary["analysis"], summary["workspaces"], summary["limits"]) == ("mine", 2, 2)
    assert 0 <= summary["largest_relative_difference"] < 1e-7
    assert summary["members"] == len(zipfile.ZipFile(archive).namelist()) - 1
    assert summary["git"].keys() == {"commit", "clean"}


def test_an_archive_holds_what_it_promises(archive):
    manifest, members = read_archive(archive)
    assert {name for name in members if "/workspaces/" in name} == {
        f"payload/results/mine/workspaces/{name}{suffix}"
        for name in ("millicharge_e", "dark-photon_all_10MeV")
        for suffix in (".json", ".poi_map.yaml")
    }
    assert {
        "payload.sha256",
        "run/requirements.lock",
        "run/git.json",
        "run/logs/limits.txt",
    } <= members.keys()
    assert {
        "ro-crate-metadata.json",
        "run/workflow/Snakefile",
        "run/workflow/workflow/rules/limits.smk",
    } <= members.keys()
    assert json.loads(members["payload/configuration/settings.json"]) == default_settings()
    for name, entry in manifest["members"].items():
        assert entry == {
            "sha256": hashlib.sha256(members[name]).hexdigest(),
            "size": len(members[name]),
        }
    assert "numpy" in json.loads(members["run/versions.json"])["packages"]
    inputs = json.loads(members["run/inputs.json"])
    facts = resource_path("limits/limits.csv").read_bytes()
    assert inputs["resources/limits/limits.csv"] == hashlib.sha256(facts).hexdigest()


def test_entries_do_not_depend_on_time_and_place(archive):
    with zipfile.ZipFile(archive) as zipped:
        entries = zipped.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    forms = {
        (e.date_time, e.external_attr >> 16, e.create_system, e.compress_type, e.extra)
        for e in entries
    }
    assert forms == {((1980, 1, 1, 0, 0, 0), 0o100644, 3, zipfile.ZIP_STORED, b"")}


def test_what_is_still_being_written_is_left_out(archive):
    assert not [name for name in read_archive(archive).members if "archive.txt" in name]


def test_the_archived_experiment_can_be_read(archive, tmp_path):
    zipfile.ZipFile(archive).extractall(tmp_path)
    read_experiment(tmp_path / "payload" / "configuration" / "experiment" / "experiment.yaml")


def test_the_digest_is_that_of_sha256sum(archive, tmp_path):
    """The recipe in the documentation: the lines that sha256sum prints, once more."""
    zipfile.ZipFile(archive).extractall(tmp_path)
    names = sorted(
        path.relative_to(tmp_path).as_posix()
        for path in (tmp_path / "payload").rglob("*")
        if path.is_file()
    )
    lines = "".join(
        f"{hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}  {name}\n" for name in names
    )
    assert (tmp_path / "payload.sha256").read_text().strip() == hashlib.sha256(
        lines.encode()
    ).hexdigest()


def test_equal_results_have_equal_digests(results, archive):
    """Another run of the same: other logs, other records, another time."""
    (results / "logs" / "limits.txt").write_text("another day")
    again = make_archive(results)
    assert read_archive(again).payload_digest == read_archive(archive).payload_digest
    assert again.read_bytes() != archive.read_bytes()
    (results / "figures" / "limits.png").write_bytes(b"\x89PNG made again")
    assert (
        read_archive(make_archive(results)).payload_digest != read_archive(archive).payload_digest
    )


def test_the_same_content_makes_the_same_bytes(finished, results, monkeypatch, tmp_path):
    monkeypatch.setattr("exonu.archive.contents.REPOSITORY", still_repository(tmp_path))
    one, other = make_archive(results, "again-1.zip"), make_archive(finished, "again-1.zip")
    assert one.read_bytes() == other.read_bytes()
    other.unlink()


def test_a_flipped_byte_is_found_in_every_member(verify, archive, tmp_path):
    data = archive.read_bytes()
    with zipfile.ZipFile(archive) as zipped:
        entries = zipped.infolist()
    assert len(entries) > 10
    for entry in entries:
        start = entry.header_offset + 30 + len(entry.filename.encode())
        corrupt = bytearray(data)
        corrupt[start + entry.file_size // 2] ^= 1
        (tmp_path / "corrupt.zip").write_bytes(corrupt)
        assert f": {entry.filename}: is corrupt" in refused(verify, tmp_path / "corrupt.zip")


def test_a_changed_member_is_found_in_spite_of_a_right_zip(verify, archive, tmp_path):
    """What a flipped byte is to the manifest when the zip was packed anew."""
    for name in set(zipfile.ZipFile(archive).namelist()) - {"manifest.json"}:

        def flip(members, name=name):
            members[name] = members[name][:-1] + bytes([members[name][-1] ^ 1])

        message = refused(verify, rezipped(archive, tmp_path / "changed.zip", flip))
        assert f": {name}: has another SHA-256 than in the manifest" in message


NAME = "payload/results/mine/figures/limits.png"
CHANGES = {
    "missing": (lambda m: m.pop(NAME), rf"{NAME}: is missing, though the manifest lists it"),
    "added": (
        lambda m: m.update({"run/more": b""}),
        "run/more: is not in the manifest: it was added or renamed",
    ),
    "renamed": (lambda m: m.update({"payload/x.png": m.pop(NAME)}), f"{NAME}: is missing"),
    "longer": (
        lambda m: m.update({NAME: b"more" + m[NAME]}),
        f"{NAME}: has another size than in the manifest",
    ),
    "no manifest": (lambda m: m.pop("manifest.json"), "manifest.json: is missing"),
    "other manifest": (
        lambda m: m.update({"manifest.json": b"[]"}),
        "manifest.json: is not the manifest of an exonu",
    ),
    "parent": (
        lambda m: m.update({"payload/../../evil": b""}),
        "payload/../../evil: is not a name of a member",
    ),
    "absolute": (
        lambda m: m.update({"/etc/passwd": b""}),
        "/etc/passwd: is not a name of a member",
    ),
    "Windows": (
        lambda m: m.update({"run/c:\\evil": b""}),
        r"run/c:\\evil: is not a name of a member",
    ),
    "elsewhere": (lambda m: m.update({"evil": b""}), "evil: is not a name of a member"),
    "folder": (lambda m: m.update({"run/": b""}), "run/: is not a name of a member"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_changed_set_of_members_is_named(verify, archive, tmp_path, case):
    change, message = CHANGES[case]
    assert message in refused(verify, rezipped(archive, tmp_path / "changed.zip", change))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_named(verify, archive, tmp_path):
    file = Path(shutil.copy(archive, tmp_path))
    with zipfile.ZipFile(file, "a") as zipped:
        zipped.writestr(NAME, b"another")
    assert f"{NAME}: is there twice" in refused(verify, file)


def test_a_link_is_named(verify, archive, tmp_path):
    """Unpacked by another tool, it would lead out of the folder."""
    file = Path(shutil.copy(archive, tmp_path))
    link = zipfile.ZipInfo("payload/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(file, "a") as zipped:
        zipped.writestr(link, b"/etc")
    assert "payload/link: is a link" in refused(verify, file)


def test_no_truncated_archive_passes(verify, archive, tmp_path):
    data = archive.read_bytes()
    for length in (0, 1, 1000, len(data) // 2, len(data) - 1):
        (tmp_path / "short.zip").write_bytes(data[:length])
        assert "is not a whole zip archive" in refused(verify, tmp_path / "short.zip")


def test_a_file_that_is_not_there(verify, tmp_path):
    assert "cannot be read (No such file or directory)" in refused(verify, tmp_path / "gone.zip")


def test_a_manifest_that_was_made_to_fit_must_fit_the_digest_too(verify, archive, tmp_path):
    def forge(members):
        members[NAME] = b"forged"
        manifest = json.loads(members["manifest.json"])
        manifest["members"][NAME] = {"sha256": sha256(b"forged"), "size": 6}
        members["manifest.json"] = json.dumps(manifest).encode()

    assert "manifest.json: says " in refused(
        verify, rezipped(archive, tmp_path / "forged.zip", forge)
    )


# --- what was archived is wrong itself: every checksum is right
# ---------------------------------------------------


def change_limit(results, column, factor):
    file = results / "limits" / "limits.csv"
    table = pd.read_csv(file)
    row = (table["interaction"] == "millicharge") & (table["method"] == "asymptotic")
    table.loc[row, column] *= factor
    table.to_csv(file, index=False)


@pytest.mark.parametrize(
    "column",
    [
        "observed",
        "expected_minus2",
        "expected_minus1",
        "expected",
        "expected_plus1",
        "expected_plus2",
    ],
)
def test_a_changed_limit_is_found(verify, results, column):
    change_limit(results, column, 1 + 3e-6)
    message = refused(verify, make_archive(results))
    assert (
        ": payload/results/mine/limits/limits.csv: differs from the workspaces: mine millicharge e q_nu"
        in message
    )
    assert f" asymptotic: {column} is " in message
    assert message.count("but the workspace gives") == 1


def test_the_last_digit_of_another_cpu_is_no_change(verify, results):
    change_limit(results, "observed", 1 + 3e-7)
    assert verify(make_archive(results))["largest_relative_difference"] == pytest.approx(
        3e-7, rel=0.05
    )


def test_rows_and_workspaces_must_belong_together(verify, results):
    file = results / "limits" / "limits.csv"
    table = pd.read_csv(file)
    dark = table["interaction"] == "dark-photon"
    table[~dark].to_csv(file, index=False)
    message = refused(verify, make_archive(results))
    assert "no limit for the workspace mine dark-photon all 10 MeV g_BL asymptotic" in message
    table.to_csv(file, index=False)
    (results / "workspaces" / "dark-photon_all_10MeV.json").unlink()
    assert "no workspace for mine dark-photon all 10 MeV g_BL" in refused(
        verify, make_archive(results)
    )
    table[table["method"] == "delta-chi2"].to_csv(file, index=False)
    assert "limits.csv: has no asymptotic limits" in refused(verify, make_archive(results))


def test_a_limit_that_was_not_found_is_compared_too(verify, results):
    change_limit(results, "observed", float("nan"))
    assert "asymptotic: observed is nan, but the workspace gives " in refused(
        verify, make_archive(results)
    )


def test_a_table_of_another_form_is_refused(verify, results):
    file = results / "limits" / "limits.csv"
    text = file.read_text()
    file.write_text(text.replace("expected_plus2", "expected_plus3"))
    assert "limits.csv: column expected_plus2: is missing" in refused(verify, make_archive(results))
    pd.read_csv(file).assign(expected_plus2=0, observed="small").to_csv(file, index=False)
    assert "limits.csv: is not a table of limits" in refused(verify, make_archive(results))
    file.unlink()
    assert "limits.csv: cannot be read" in refused(verify, make_archive(results))


def test_a_flag_that_was_changed_is_found(verify, results):
    file = results / "limits" / "limits.csv"
    file.write_text(file.read_text().replace(",False,True,", ",False,False,"))
    assert "is_simulated is False, but the workspace gives True" in refused(
        verify, make_archive(results)
    )


def test_a_quadratic_workspace_without_its_page_is_refused(verify, results):
    meaning_file(results / "workspaces" / "dark-photon_all_10MeV.json").unlink()
    message = refused(verify, make_archive(results))
    assert (
        ": payload/results/mine/workspaces/dark-photon_all_10MeV.json: normfactor mu_sq: "
        in message
    )
    assert "no poi_map" in message


def test_a_workspace_without_its_page_is_refused(verify, results):
    meaning_file(results / "workspaces" / "millicharge_e.json").unlink()
    assert "millicharge_e.json: has no sidecar file" in refused(verify, make_archive(results))


def test_a_workspace_that_is_not_of_pyhf_s_form_is_refused(verify, results):
    file = results / "workspaces" / "millicharge_e.json"
    write_json(file, {**json.loads(file.read_text()), "version": "7"})
    assert "millicharge_e.json: version: is not of pyhf's form" in refused(
        verify, make_archive(results)
    )


# --- the parts
# --------------------------------------------------------------------------------------------------


def test_names_are_checked_when_writing_too(tmp_path):
    with pytest.raises(InputError, match=r"payload/\.\./x: is not a name of a member"):
        write_archive(tmp_path / "a.zip", "a", "1", {"../x": b""}, {})
    assert list(tmp_path.iterdir()) == []


def test_the_digest_depends_on_names_and_contents_and_not_on_run():
    one = payload_digest({"payload/a": "1", "payload/b": "2"})
    assert one == payload_digest({"payload/b": "2", "payload/a": "1", "run/c": "3"})
    assert one != payload_digest({"payload/a": "2", "payload/b": "1"})


def test_tables_of_one_name_are_refused(tmp_path):
    files = [tmp_path / "x.csv", tmp_path / "below" / "x.csv", tmp_path / "a.yaml"]
    (tmp_path / "below").mkdir()
    for file in files:
        file.write_text("")
    with pytest.raises(
        InputError, match=r"below/x\.csv: two files of the experiment have this name"
    ):
        configuration(files[2], files[:2], {})
    combined = configuration(files[2], files[:2], {"experiments": ["one", "below"]})
    assert f"configuration/experiment/{tmp_path.name}/x.csv" in combined
    assert "configuration/experiment/below/x.csv" in combined


def test_records_are_found_by_name(tmp_path):
    """As Snakemake writes them, long names in pieces."""
    for name in ("cmVzdWx0cy9hL3g=", "@cmVzdWx0/cy9hL3k=", "cmVzdWx0cy9iL3g=", "none of its own"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    found = snakemake_records(tmp_path, Path("results/a"))
    assert found == {
        ".snakemake/metadata/cmVzdWx0cy9hL3g=": ("results/a/x", b"cmVzdWx0cy9hL3g="),
        ".snakemake/metadata/@cmVzdWx0/cy9hL3k=": ("results/a/y", b"@cmVzdWx0/cy9hL3k="),
    }
    assert snakemake_records(tmp_path / "gone", Path("results/a")) == {}


def test_git_state(tmp_path):
    assert git_state(tmp_path) == {"commit": None, "clean": None}
    for command in ("init -q", "config user.email a@b.c", "config user.name a"):
        git(tmp_path, command)
    (tmp_path / "Snakefile").write_text("1")
    git(tmp_path, "add Snakefile")
    git(tmp_path, "commit -q -m 1")
    state = git_state(tmp_path)
    assert (len(state["commit"]), state["clean"]) == (40, True)
    (tmp_path / "Snakefile").write_text("2")
    assert git_state(tmp_path) == {"commit": state["commit"], "clean": False}


def git(folder, arguments):
    import subprocess

    subprocess.run(["git", *arguments.split()], cwd=folder, check=True)
