"""Progress: lines in a log, a bar on a terminal."""

import io
import logging
import sys

import pytest

from exonu.core.progress import Progress


def test_lines_in_a_log(caplog):
    with (
        caplog.at_level(logging.INFO),
        Progress("ingest run 3", 200, seconds_between_lines=0) as progress,
    ):
        progress.add(50)
        progress.add(150)
    assert [message.split(",")[0] for message in caplog.messages] == [
        "ingest run 3: 50 of 200 events",
        "ingest run 3: 200 of 200 events",
        "ingest run 3: 200 of 200 events",
    ]
    assert caplog.messages[-1].endswith("events/s, done")


def test_few_lines(caplog):
    with caplog.at_level(logging.INFO), Progress("trace", unit="rays") as progress:
        for _ in range(1000):
            progress.add(1)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("trace: 1000 rays, ")


def test_a_job_that_breaks_is_not_done(caplog):
    with caplog.at_level(logging.INFO), pytest.raises(KeyError), Progress("trace", 10):
        raise KeyError
    assert caplog.messages[0].endswith("stopped")


def test_bar_on_a_terminal(monkeypatch, caplog):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    with caplog.at_level(logging.INFO), Progress("trace", 2000) as progress:
        progress.add(2000)
    assert "trace: 100%" in terminal.getvalue()
    assert not caplog.messages
