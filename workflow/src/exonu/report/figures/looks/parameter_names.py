"""Nuisance parameters in the words of a physicist."""

from __future__ import annotations

import re
from collections.abc import Mapping

_WORDS = {
    "mu": "signal strength",
    "absorption": "absorption length",
    "scattering": "scattering length",
    "decay_time": "scintillation decay time",
    "gap": "gaps between PMTs",
    "vertex": "vertex position",
    "energy_scale": "energy scale",
    "efficiency": "detection efficiency",
    "dead_pmt": "dead-PMT correction",
    "r_t_cut": "cut on $R$(T)",
    "cherenkov_cut": "Cherenkov cut",
    "mc_statistics": "MC statistics",
    "fiducial_mass": "fiducial mass",
}
_PARTS = {
    "pmt": "PMT",
    "lxe": "LXe",
    "be7": "$^7$Be",
    "n13": "$^{13}$N",
    "o15": "$^{15}$O",
    "f17": "$^{17}$F",
    "i125": "$^{125}$I",
    "xe127": "$^{127}$Xe",
    "xe129m": r"$^{129\mathrm{m}}$Xe",
    "xe131m": r"$^{131\mathrm{m}}$Xe",
    "xe133": "$^{133}$Xe",
    "epa": "EPA",
}
"""Components, solar sources and atomic models within the names of parameters."""
_PATTERNS = (
    (r"(?P<part>mc_statistics)\[(\d+)\]", "{part}, bin {1}"),
    (r"signal_statistics_([\d.]+)", "signal MC statistics from {0} keV"),
    (r"unseen_(?P<part>\w+)_([\d.]+)_([\d.]+)", "unseen {part}, {1}–{2} keV"),
    (r"flux_(?P<part>\w+)", "solar flux, {part}"),
    (r"atomic_(?P<part>\w+)", "atomic model {part}"),
    (r"(?P<part>\w+)_norm", "rate of {part}"),
)


def parameter_words(name: str, labels: Mapping[str, str] | None = None) -> str:
    """A parameter's name as figures write it, with TeX.

    Args:
        name: in the workspace.
        labels: those of the configuration (`plots.labels`), by parameter or component.

    >>> parameter_words("unseen_pmt_2_16"), parameter_words("copper_norm", {"copper": "Cu plates"})
    ('unseen PMT, 2–16 keV', 'rate of Cu plates')
    >>> parameter_words("my_own"), parameter_words("my_own", {"my_own": "tilt"})
    ('my own', 'tilt')
    >>> parameter_words("mc_statistics[23]"), parameter_words("XENON1T_SR1_efficiency")
    ('MC statistics, bin 24', 'detection efficiency, XENON1T SR1')
    """
    words = _WORDS | _PARTS | dict(labels or {})
    if name in words:
        return words[name]
    for pattern, text in _PATTERNS:
        found = re.fullmatch(pattern, name)
        if found:
            values = list(found.groups())
            if pattern.endswith(r"\]"):  # bins are counted from zero in the workspace
                values[1] = str(int(values[1]) + 1)
            part = found.groupdict().get("part") or ""
            return text.format(*values, part=words.get(part, part.replace("_", " ")))
    for ending, meaning in _WORDS.items():  # of one experiment of several
        if name.endswith(f"_{ending}"):
            return f"{meaning}, {name.removesuffix(f'_{ending}').replace('_', ' ')}"
    return name.replace("_", " ")
