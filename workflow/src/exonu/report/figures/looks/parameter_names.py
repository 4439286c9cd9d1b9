"""Nuisance parameters in the words of a physicist."""

from __future__ import annotations

import re
from collections.abc import Mapping

_WORDS = {
    "absorption": "absorption length",
    "scattering": "scattering length",
    "reflectivity": "reflectivity",
    "decay_time": "scintillation decay time",
    "gap": "gaps between PMTs",
    "vertex": "vertex position",
    "energy_scale": "energy scale",
    "efficiency": "detection efficiency",
    "dead_pmt": "dead-PMT correction",
    "r_t_cut": "cut on R(T)",
    "cherenkov_cut": "Cherenkov cut",
    "mc_statistics": "MC statistics",
    "fiducial_mass": "fiducial mass",
}
_PATTERNS = (
    (r"mc_statistics\[(\d+)\]", lambda m: f"MC statistics, bin {int(m[1]) + 1}"),
    (
        r"signal_statistics_([\d.]+)",
        lambda m: f"signal MC statistics from {m[1]} keV",
    ),
    (
        r"unseen_(\w+)_([\d.]+)_([\d.]+)",
        lambda m: f"unseen {m[1]}, {m[2]}–{m[3]} keV",
    ),
    (r"flux_(\w+)", lambda m: f"solar flux, {m[1]}"),
    (r"atomic_(\w+)", lambda m: f"atomic model {m[1].replace('_', ' ')}"),
    (r"(\w+)_norm", lambda m: f"rate of {m[1].replace('_', ' ')}"),
)


def parameter_words(name: str, labels: Mapping[str, str] | None = None) -> str:
    """A parameter's name as figures write it.

    Args:
        name: in the workspace.
        labels: those of the configuration (`plots.labels`), by parameter or component.

    >>> parameter_words("unseen_pmt_2_16"), parameter_words("copper_norm", {"copper": "Cu plates"})
    ('unseen pmt, 2–16 keV', 'rate of Cu plates')
    >>> parameter_words("my_own"), parameter_words("my_own", {"my_own": "tilt"})
    ('my own', 'tilt')
    """
    labels = labels or {}
    if name in labels:
        return labels[name]
    if name in _WORDS:
        return _WORDS[name]
    for pattern, words in _PATTERNS:
        found = re.fullmatch(pattern, name)
        if found:
            text = words(found)
            part = found[1].replace("_", " ")
            return text.replace(part, labels[found[1]], 1) if found[1] in labels else text
    for ending, words in _WORDS.items():  # of one experiment of several
        if name.endswith(f"_{ending}"):
            return f"{words}, {name.removesuffix(f'_{ending}').replace('_', ' ')}"
    return name.replace("_", " ")
