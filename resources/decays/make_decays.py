"""Make branches.csv and transitions.csv, the decay schemes of the radioactive backgrounds, from ENSDF.

ENSDF is read through the JSON files of `paceENSDF` (A. Hurst, LBNL), 98 MB, which nothing else here needs: install it
in an environment of its own. Vacancies follow `xraylib` (a dev dependency): relaxation.csv, one mean line per shell.

Run: pip install paceENSDF xraylib; python resources/decays/make_decays.py
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import xraylib

Record = dict[str, Any]

HERE = Path(__file__).parent
SMALLEST = 1e-4  # intensity per decay below which a branch or transition is left out
SHELLS = "KLMNOPQ"
WINDOW_S = 500e-9  # a daughter level that lives longer is an event of its own

# nuclide: (file of paceENSDF, decays of this mode per decay of the nuclide that follow the file's normalisation)
SCHEMES = {
    "C14": ["C14_N14_006014_007014_0keV"],
    "Ar39": ["Ar39_K39_018039_019039_0keV"],
    "K40": ["K40_Ca40_019040_020040_0keV", "K40_Ar40_019040_018040_0keV"],
    "Co57": ["Co57_Fe57_027057_026057_0keV"],
    "Co60": ["Co60_Ni60_027060_028060_0keV"],
    "Kr85": ["Kr85_Rb85_036085_037085_0keV"],
    "I125": ["I125_Te125_053125_052125_0keV"],
    "Xe133": ["Xe133_Cs133_054133_055133_0keV"],
    "Tl208": ["Tl208_Pb208_081208_082208_0keV"],
    "Pb210": ["Pb210_Bi210_082210_083210_0keV"],
    "Bi210": ["Bi210_Po210_083210_084210_0keV"],
    "Pb212": ["Pb212_Bi212_082212_083212_0keV"],
    "Bi212": ["Bi212_Po212_083212_084212_0keV"],
    "Pb214": ["Pb214_Bi214_082214_083214_0keV"],
    "Bi214": ["Bi214_Po214_083214_084214_0keV"],
    "Ra224": ["Ra224_Rn220_088224_086220_0keV"],
    "Ra226": ["Ra226_Rn222_088226_086222_0keV"],
    "Ac228": ["Ac228_Th228_089228_090228_0keV"],
    "Th231": ["Th231_Pa231_090231_091231_0keV"],
    "Th234": ["Th234_Pa234_090234_091234_0keV"],
    "Pa234m": ["Pa234_U234_091234_092234_73.92pXkeV"],
    "U235": ["U235_Th231_092235_090231_0keV"],
}
ISOMERS = {
    "Xe131m": ("I131_Xe131_053131_054131_0keV", 163.93)
}  # level scheme of a β⁻ daughter, one level of it
SHAPES = {
    "1UF": "unique-1",
    "2UF": "unique-2",
    "3UF": "unique-3",
}  # all others as allowed, see SOURCES.md


def ensdf(name: str) -> Record:
    """One data set of ENSDF."""
    spec = importlib.util.find_spec("paceENSDF")
    if spec is None or spec.origin is None:
        raise SystemExit("paceENSDF is not installed: pip install paceENSDF")
    return json.loads(
        (Path(spec.origin).parent / "ENSDF_JSON" / f"j_input_{name}.json").read_text(
            encoding="utf-8"
        )
    )


def energy_keV(level: Record) -> float:
    """Energy of a level; "73.92pX" is 73.92 + X with a small X that nobody has measured, taken as 0."""
    value = level["levelEnergy"]
    return float(value.split("p")[0].split("+")[0]) if isinstance(value, str) else float(value)


def alpha(gamma: Record) -> list[float]:
    """Conversion coefficients of K, L and all higher shells (calculated by the evaluators with BrIcc)."""
    shells = gamma["calculatedAtomicShellConversionCoefficients"][0]
    values = [
        shells[f"calculatedInternalConversionCoefficientAtomicShell{s}"] or 0.0 for s in SHELLS
    ]
    total = gamma["calculatedTotalInternalConversionCoefficient"] or 0.0
    known = sum(values)
    # What the total has over the listed shells belongs to the outer ones.
    return [values[0], values[1], sum(values[2:]) + (max(total - known, 0.0) if known else 0.0)]


def transitions(data: Record) -> dict[int, list[tuple[int, float, float, list[float]]]]:
    """By initial level: final level, energy, photons (relative) and conversion coefficients."""
    found = {}
    for level in data["levelScheme"]:
        rows = []
        for gamma in level["gammaDecay"]:
            final = gamma["levelIndexFinal"]
            if final is None:
                continue
            energy = energy_keV(level) - energy_keV(data["levelScheme"][final])
            rows.append((final, energy, gamma["gammaIntensity"] or 0.0, alpha(gamma)))
        seen = [row for row in rows if row[2] > 0]
        if (
            not seen and rows
        ):  # no photon seen (E0, or a soft line that is all conversion): the lines are equal
            seen = [(final, energy, 1.0, a) for final, energy, _, a in rows]
        found[level["levelIndex"]] = seen
    return found


def feeding(data: Record) -> list[tuple[int, str, float, float, str, list[float], float]]:
    """Level, mode, intensity per decay, endpoint, shape, capture fractions of K, L and higher, mean energy of the β."""
    parent = data["parentDecay"][0]
    excitation = str(parent["parentDecayLevelEnergy"] or 0.0).split("p")[0].split("+")[0]
    available = parent["valueQ"] + float(excitation)
    rows = []
    for level in data["levelScheme"]:
        endpoint = available - energy_keV(level)
        place = level["levelIndex"]
        for beta in level.get("betaMinusDecay", []):
            shape = SHAPES.get(beta["forbiddennessDegree"] or "", "allowed")
            mean = beta["averageBetaMinusEnergy"] or 0.0
            rows.append(
                (
                    place,
                    "beta-",
                    (beta["betaMinusIntensity"] or 0) / 100,
                    endpoint,
                    shape,
                    [0.0] * 3,
                    mean,
                )
            )
        for capture in level.get("betaPlusDecay", []):
            rows.append(
                (place, "ec", captures(capture), endpoint, "none", capture_fractions(capture), 0.0)
            )
        for decay in level.get("alphaDecay", []):
            rows.append(
                (
                    place,
                    "alpha",
                    (decay["alphaIntensity"] or 0) / 100,
                    endpoint,
                    "none",
                    [0.0] * 3,
                    0.0,
                )
            )
    return rows


def captures(record: Record) -> float:
    """Captures per decay; β⁺ (2e-5 of ⁴⁰K) is left out."""
    return (
        record["electronCaptureIntensity"] or record["totalElectronCaptureBetaPlusIntensity"] or 0.0
    ) / 100


def capture_fractions(record: Record) -> list[float]:
    """Fractions of K, L and all higher shells; L and above where they are not given."""
    shells = record["calculatedAtomicShellElectronCaptureFractions"][0]
    k, inner = (shells[f"calculatedElectronCaptureFractionAtomicShell{s}"] or 0.0 for s in "KL")
    if k == 0.0:
        return [0.0, 0.0, 1.0]
    inner = inner or (1 - k)
    return [k, inner, max(1 - k - inner, 0.0)]


def isomeric(level: Record) -> bool:
    """Whether the level outlives the event window; the ground state does not count."""
    lives = [life["halfLifeConverted"] or 0.0 for life in level["isomerDecay"]]
    return energy_keV(level) > 0 and any(life > WINDOW_S for life in lives)


def populations(
    feeds: dict[int, float],
    cascade: dict[int, list[tuple[int, float, float, list[float]]]],
    stops: set[int],
) -> dict[int, float]:
    """How often each level is reached, from feeding and cascade."""
    reached = dict(feeds)
    for level in sorted(cascade, reverse=True):
        total = sum(photons * (1 + sum(a)) for _, _, photons, a in cascade[level])
        if level in stops or not total:
            continue
        for final, _, photons, a in cascade[level]:
            reached[final] = (
                reached.get(final, 0.0) + reached.get(level, 0.0) * photons * (1 + sum(a)) / total
            )
    return reached


def scheme(nuclide: str, name: str, share: float) -> tuple[list[str], list[str]]:
    """Rows of the two tables for one daughter."""
    data = ensdf(name)
    levels, cascade, z = data["levelScheme"], transitions(data), data["daughterAtomicNumber"]
    stops = {level["levelIndex"] for level in levels if isomeric(level)}
    if nuclide in ISOMERS:
        place = next(
            i
            for i, level in enumerate(levels)
            if abs(energy_keV(level) - ISOMERS[nuclide][1]) < 0.1
        )
        rows, stops = [(place, "it", 1.0, 0.0, "none", [0.0] * 3, 0.0)], set()
    else:
        rows = [row for row in feeding(data) if row[2] >= SMALLEST]
    total = sum(row[2] for row in rows)
    feeds: dict[int, float] = {}
    branches = []
    for place, mode, intensity, endpoint, shape, fractions, mean in sorted(
        rows, key=lambda row: row[0]
    ):
        intensity = intensity / total * share
        feeds[place] = feeds.get(place, 0.0) + intensity
        energy = 0.0 if mode in ("alpha", "it") else endpoint
        capture = ",".join(f"{f:.5g}" for f in fractions)
        level = energy_keV(levels[place])
        branches.append(
            f"{nuclide},{mode},{z},{data['daughterAtomicMass']},{level:.7g},{intensity:.5g},{energy:.7g},{shape},{capture},{mean:.6g}"
        )
    return branches, _transition_rows(
        nuclide, z, levels, cascade, populations(feeds, cascade, stops), stops
    )


def _transition_rows(
    nuclide: str,
    z: int,
    levels: list[Record],
    cascade: dict[int, list[tuple[int, float, float, list[float]]]],
    reached: dict[int, float],
    stops: set[int],
) -> list[str]:
    rows = []
    for place, lines in cascade.items():
        total = sum(photons * (1 + sum(a)) for _, _, photons, a in lines)
        if place in stops or not reached.get(place, 0.0) >= SMALLEST:
            continue
        for final, _, photons, a in lines:
            if reached[place] * photons * (1 + sum(a)) / total < SMALLEST:
                continue
            ends = f"{energy_keV(levels[place]):.7g},{energy_keV(levels[final]):.7g}"
            rows.append(
                f"{nuclide},{z},{ends},{photons / total:.5g}," + ",".join(f"{x:.4g}" for x in a)
            )
    return rows


def relaxation(z: int) -> list[str]:
    """Rows of one atom: binding energy, fluorescence yield and mean X-ray of a vacancy in K, L (L1), M (M1)."""
    lines = {
        "K": [(xraylib.K_SHELL, (xraylib.KA_LINE, xraylib.KB_LINE))],
        "L": [
            (shell, group)
            for shell, group in (
                (xraylib.L1_SHELL, (xraylib.L1M2_LINE, xraylib.L1M3_LINE)),
                (xraylib.L2_SHELL, (xraylib.L2M4_LINE, xraylib.L2N4_LINE)),
                (xraylib.L3_SHELL, (xraylib.L3M5_LINE, xraylib.L3N5_LINE)),
            )
        ],
    }
    rows = []
    for shell in "KLM":
        binding = _number(
            xraylib.EdgeEnergy,
            z,
            getattr(xraylib, {"K": "K", "L": "L1", "M": "M1"}[shell] + "_SHELL"),
        )
        photons, energy = 0.0, 0.0
        for (subshell, group), share in zip(
            lines.get(shell, []), _vacancies(z, shell), strict=False
        ):
            photons_here = share * _number(xraylib.FluorYield, z, subshell)
            photons += photons_here
            energy += photons_here * _mean_line(z, group)
        rows.append(
            f"{z},{shell},{binding:.5g},{photons:.4g},{energy / photons if photons else 0:.5g}"
        )
    return rows


def _vacancies(z: int, shell: str) -> list[float]:
    """A vacancy of L1 wanders by Coster-Kronig to L2 and L3; K stays."""
    if shell == "K":
        return [1.0]
    f12, f13, f23 = (
        _number(xraylib.CosKronTransProb, z, getattr(xraylib, f"FL{x}_TRANS"))
        for x in ("12", "13", "23")
    )
    return [1.0, f12, f13 + f12 * f23]


def _mean_line(z: int, group: tuple[int, ...]) -> float:
    pairs = [
        (_number(xraylib.RadRate, z, line), _number(xraylib.LineEnergy, z, line)) for line in group
    ]
    total = sum(rate for rate, _ in pairs)
    return sum(rate * energy for rate, energy in pairs) / total if total else 0.0


def _number(function: Any, *arguments: Any) -> float:
    try:
        return float(function(*arguments))
    except ValueError:  # not in xraylib's tables: a light atom
        return 0.0


def write(name: str, header: str, rows: list[str]) -> None:
    """One table."""
    (HERE / name).write_text(header + "\n".join(rows) + "\n", encoding="utf-8")


def main() -> None:
    """Write the three tables."""
    branches, lines = [], []
    for nuclide, names in [*SCHEMES.items(), *((n, [v[0]]) for n, v in ISOMERS.items())]:
        shares = {"K40": [0.8928, 0.1072], "Bi212": [0.6406]}.get(
            nuclide, [1.0]
        )  # ENSDF: BR of the data sets
        for name, share in zip(names, shares, strict=True):
            new_branches, new_lines = scheme(nuclide, name, share)
            branches += new_branches
            lines += new_lines
    write(
        "branches.csv",
        "# Decay branches to the levels of the daughter, by make_decays.py from ENSDF. status: published\n"
        "# intensity: per decay. endpoint: of β⁻, or the energy of a capture. mean_keV: of β⁻, 0 if not given.\n"
        "nuclide,mode,daughter_charge,mass_number,level_keV,intensity,endpoint_keV,shape,"
        "capture_k,capture_l,capture_m,mean_keV\n",
        branches,
    )
    write(
        "transitions.csv",
        "# Transitions between levels of the daughters, by make_decays.py from ENSDF. status: published\n"
        "# photons: per depopulation of the level. alpha: conversion coefficients, m for M and all higher shells.\n"
        "nuclide,daughter_charge,level_keV,final_keV,photons,alpha_k,alpha_l,alpha_m\n",
        lines,
    )
    charges = sorted({int(row.split(",")[2]) for row in branches} | {54})
    write(
        "relaxation.csv",
        "# What fills a vacancy, by make_decays.py from xraylib. status: derived (one mean X-ray per shell)\n"
        "# binding: of K, L1, M1. xray_yield: photons per vacancy, with Coster-Kronig; the rest is Auger electrons.\n"
        "charge,shell,binding_keV,xray_yield,xray_keV\n",
        [row for charge in charges for row in relaxation(charge)],
    )


if __name__ == "__main__":
    main()
