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
_CUTS = {
    "all": "before cuts",
    "cherenkov": "Cherenkov",
    "hit_time_rms": "RMS of hit times",
    "r_t": "$R$(T)",
    "r_pe": "$R$(PE)",
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
_NUMBER = r"\d+(?:[.p]\d+)?"
"""Of an energy; names of parameters have p in place of the point."""
_OF_ONE, _REGION = r"(?:(?P<experiment>\w+?)_)?", r"(?:_(?P<region>[A-Za-z]\w*))?"
"""Of one experiment of several, and of a control region."""
_PATTERNS = (
    (rf"{_OF_ONE}mc_statistics{_REGION}\[(?P<bin>\d+)\]", "MC statistics, bin {bin}"),
    (
        rf"{_OF_ONE}signal_statistics_(?P<low>{_NUMBER}){_REGION}",
        "signal MC statistics from {low} keV",
    ),
    (
        rf"{_OF_ONE}unseen_(?P<part>\w+?)_(?P<low>{_NUMBER})_(?P<high>{_NUMBER}){_REGION}",
        "unseen {part}, {low}–{high} keV",
    ),
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
    >>> parameter_words("mc_statistics_shell_20_26[3]")
    'MC statistics, bin 4, region shell 20 26'
    >>> parameter_words("XENON1T_SR1_mc_statistics[3]"), parameter_words("signal_statistics_2p5")
    ('MC statistics, bin 4, XENON1T SR1', 'signal MC statistics from 2.5 keV')
    >>> parameter_words("signal_statistics_2_shell_20_26")
    'signal MC statistics from 2 keV, region shell 20 26'
    >>> parameter_words("A_unseen_pmt_2p5_16_shell_20_26")
    'unseen PMT, 2.5–16 keV, region shell 20 26, A'
    """
    words = _WORDS | _PARTS | dict(labels or {})
    if name in words:
        return words[name]
    for pattern, text in _PATTERNS:
        if found := re.fullmatch(pattern, name):
            return _with_values(text, found.groupdict(), words)
    for ending, meaning in _WORDS.items():  # of one experiment of several
        if name.endswith(f"_{ending}"):
            return f"{meaning}, {name.removesuffix(f'_{ending}').replace('_', ' ')}"
    return name.replace("_", " ")


def cut_words(name: str) -> str:
    """What a figure calls a cut.

    >>> cut_words("r-t"), cut_words("fiducial-volume")
    ('$R$(T)', 'fiducial volume')
    """
    return _CUTS.get(name.replace("-", "_"), name.replace("-", " "))


def _with_values(text: str, found: Mapping[str, str | None], words: Mapping[str, str]) -> str:
    """The words of a pattern with what was found in a name."""
    values = {key: value for key, value in found.items() if value is not None}
    if "part" in values:
        part = values["part"]
        values["part"] = words.get(part, part.replace("_", " "))
    if "bin" in values:  # bins are counted from zero in the workspace
        values["bin"] = str(int(values["bin"]) + 1)
    for end in {"low", "high"} & values.keys():
        values[end] = values[end].replace("p", ".")
    more = [f"region {values['region']}"] if "region" in values else []
    more += [values["experiment"]] if "experiment" in values else []
    return ", ".join([text.format(**values), *(one.replace("_", " ") for one in more)])
