"""`exonu show`: an event display of a file."""

import os
import re

import pytest

from exonu.core.errors import InputError
from exonu.core.files import require_output
from exonu.events.raw.raw_events import Events, write_raw


@pytest.fixture
def raw(tmp_path):
    events = Events.of(
        [[0, 5, 641], [3]], [[1.0, 2.5, 4.0], [1.0]], [[0.0, 3.0, 40.0], [0.0]], run=4
    )
    write_raw(tmp_path / "raw.root", events, {"is_simulated": True})
    return tmp_path / "raw.root"


def test_show_draws_an_event(run, raw, tmp_path):
    outcome = run("show", str(raw), "0", "-o", "event.png")
    assert (outcome.code, outcome.err) == (0, "")
    assert (
        outcome.out == "wrote event.png: XMASS-like detector; run 4, event 0, 0 s; 3 hits, 7.5 PE\n"
    )
    assert (tmp_path / "event.png").read_bytes().startswith(b"\x89PNG")


def test_show_says_what_is_wrong(refused, raw):
    assert "raw.root: tree raw: holds no event 7; its first event is 0, its last 1" in refused(
        "show", str(raw), "7"
    )
    assert (
        "none.root: cannot be read (No such file or directory); give an existing ROOT file"
        in refused("show", "none.root", "0")
    )
    assert "event.jpg: --output: must end with .png or .pdf; name such a file" in refused(
        "show", str(raw), "0", "-o", "event.jpg"
    )
    assert "none.yaml: cannot be read" in refused("show", str(raw), "0", "--events", "none.yaml")


NOWHERE = {
    "file/below": r"below.png: --output: cannot be written \(.*/file is a file\)",
    "folder": r"folder.png: --output: is a folder; name a file in it",
    "a" * 300: r"--output: cannot be written \(File name too long\)",
    "a\0b": r"--output: holds the character NUL",
}


@pytest.mark.parametrize("name", NOWHERE, ids=[name[:6].encode() for name in NOWHERE])
def test_output_into_nowhere_is_refused_before_the_work(refused, raw, tmp_path, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "folder.json").mkdir()
    said = NOWHERE[name]
    assert re.search(said, refused("show", "absent.root", "0", "-o", f"{name}.png"))
    for command in (["combine", "absent.yaml"], ["hs3", "absent.json"]):
        found = refused(*command, "-o", f"{name}.json")
        assert re.search(said.replace("png", "json"), found)
    one = refused("project", "absent.yaml", "--exposure", "1", "--figure", f"{name}.png")
    assert re.search(said.replace("--output", "--figure"), one)


def test_output_where_nobody_may_write(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # permissions are void for root
    with pytest.raises(InputError, match=r"cannot be written \(no permission in .*that you may"):
        require_output(tmp_path / "a.png", "--output", (".png",))
