"""Seeds that depend on what is made, not on who makes it first."""

from __future__ import annotations

import hashlib


def derived_seed(analysis_seed: int, name: str) -> int:
    """Seed of one output, from the analysis seed and the output's name; the same on every machine
    and in any order.

    Args:
        analysis_seed: the `seed` of the analysis.
        name: what the random numbers are for, e.g. ``"toys/magnetic-moment/all/mu=1.5/chunk=3"``.

    Returns:
        An integer in [0, 2⁶³).

    >>> derived_seed(1, "toys") == derived_seed(1, "toys") != derived_seed(2, "toys")
    True
    """
    digest = hashlib.sha256(f"{analysis_seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
