"""`exonu show`: an event display of a file."""

import pytest

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
    assert "event.jpg: --output: is neither .png nor .pdf" in refused(
        "show", str(raw), "0", "-o", "event.jpg"
    )
    assert "none.yaml: cannot be read" in refused("show", str(raw), "0", "--events", "none.yaml")
