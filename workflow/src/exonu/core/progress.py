"""How far a long job is: a bar on a terminal, a line in the log every few seconds otherwise."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any

_log = logging.getLogger("exonu.progress")


class Progress:
    """Progress of one job, as a context.

    Args:
        label: what is being done, e.g. ``ingest run 12``.
        total: how much there is to do; None if nobody knows.
        unit: of what.
        seconds_between_lines: pause between two lines of a log.

    >>> with Progress("trace", total=100) as progress:
    ...     progress.add(60)
    ...     progress.add(40)
    >>> progress.done
    100
    """

    def __init__(
        self,
        label: str,
        total: int | None = None,
        unit: str = "events",
        seconds_between_lines: float = 10.0,
    ) -> None:
        self.label, self.total, self.unit, self.done = label, total, unit, 0
        self._pause = seconds_between_lines
        self._bar: Any = None

    def __enter__(self) -> Progress:
        self._start = self._last = time.monotonic()
        if sys.stderr.isatty():
            from tqdm import tqdm  # type: ignore[import-untyped]  # it comes with pyhf

            self._bar = tqdm(
                total=self.total, desc=self.label, unit=f" {self.unit}", unit_scale=True
            )
        return self

    def add(self, amount: int) -> None:
        """Advance by `amount`."""
        self.done += amount
        if self._bar is not None:
            self._bar.update(amount)
        elif time.monotonic() - self._last >= self._pause:
            self._write_line("")

    def __exit__(self, kind: object, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
        else:
            self._write_line(", done" if kind is None else ", stopped")

    def _write_line(self, end: str) -> None:
        self._last = time.monotonic()
        rate = self.done / max(self._last - self._start, 1e-9)
        of_total = "" if self.total is None else f" of {self.total}"
        _log.info(
            "%s: %d%s %s, %.3g %s/s%s",
            self.label,
            self.done,
            of_total,
            self.unit,
            rate,
            self.unit,
            end,
        )
