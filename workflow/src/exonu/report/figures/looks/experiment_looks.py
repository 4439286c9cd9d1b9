"""The one colour of each experiment whose limits are shown, in every plot of the page."""

from __future__ import annotations

import zlib

from exonu.report.figures.colours import GREEN, ORANGE, PURPLE, SKY, VERMILLION

_COLOURS = {
    "XMASS-I": VERMILLION,
    "XENONnT SR0": "#3F7FBF",
    "XENON1T SR1": SKY,
    "LZ SR1": "#9A6FB0",
    "PandaX-II": "#4F7942",
    "Borexino": GREEN,
    "TEXONO": PURPLE,
    "CONUS": "#8A7F00",
    "GEMMA": ORANGE,
    "CHARM-II": "#7A4B1E",
    "BaBar": "#6A5FA8",
    "NA64 invisible": "#2E8B8B",
    "Sun": "#B8860B",
    "Horizontal-branch stars": "#C2527A",
    "Red giants": "#A63A2B",
}
_OTHERS = ("#5B7083", "#9A6FB0", "#4F7942", "#B5651D", "#708090")


def experiment_colour(name: str) -> str:
    """The colour of an experiment; one that is not in the table always has the same, too.

    >>> experiment_colour("Borexino"), experiment_colour("mine") == experiment_colour("mine")
    ('#009E73', True)
    """
    return _COLOURS.get(name, _OTHERS[zlib.crc32(name.encode()) % len(_OTHERS)])
