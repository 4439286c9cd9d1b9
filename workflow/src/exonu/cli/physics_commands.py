"""Physics without an experiment: `exonu rate`, `survival`, `interactions`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from exonu.catalogue import INTERACTIONS, SEARCHED
from exonu.cli.answers import Rows
from exonu.cli.options import add_answer, add_hypothesis, add_name, one_mass
from exonu.cli.values import INTERACTION_ALIASES, SOURCE_ALIASES, number, numbers, one_of
from exonu.core.errors import InputError

SOURCES = ("pp", "be7", "pep", "n13", "o15", "f17")


def add_physics(commands: Any) -> None:
    """The commands of this module."""
    _add_rate(commands)
    survival = commands.add_parser("survival", help="flavour of solar neutrinos at Earth as CSV")
    survival.add_argument(
        "--source", type=one_of(SOURCES, SOURCE_ALIASES), choices=SOURCES, required=True
    )
    survival.add_argument(
        "--energies-mev",
        type=numbers,
        required=True,
        help="neutrino energies in MeV, e.g. 0.1,0.3",
    )
    add_answer(survival, "csv")
    survival.set_defaults(command=_survival)

    listed = commands.add_parser("interactions", help="what can be searched for, as CSV")
    add_answer(listed, "csv")
    listed.set_defaults(command=_interactions)


def _add_rate(commands: Any) -> None:
    rate = commands.add_parser("rate", help="recoil rates of one interaction as CSV")
    add_name(
        rate,
        "--interaction",
        names=tuple(INTERACTIONS),
        aliases=INTERACTION_ALIASES,
        metavar="NAME",
        required=True,
        help="`exonu interactions` lists them",
    )
    rate.add_argument(
        "--source",
        type=one_of((*SOURCES, "all"), SOURCE_ALIASES),
        choices=(*SOURCES, "all"),
        default="all",
        help="solar neutrino source",
    )
    add_hypothesis(rate)
    rate.add_argument(
        "--strength",
        type=number,
        help="of the parameter in its unit, never scaled (default: a reference strength, printed; none for weak)",
    )
    rate.add_argument(
        "--analysis",
        type=Path,
        help="an analysis by its name in config/, its folder or file, whose block `physics` is taken: a reactor "
        "or a table as the source, target, models",
    )
    rate.add_argument(
        "--target",
        help="xenon, argon, germanium, silicon, or a folder of tables (default: the analysis's, or xenon)",
    )
    rate.add_argument("--part", choices=("total", "pure", "interference"), default="total")
    rate.add_argument(
        "--energies",
        type=numbers,
        required=True,
        help="true recoil energies in keV, e.g. 0.5,1,2, or 0.5:30:60 for 60 of them",
    )
    add_answer(rate, "csv")
    rate.set_defaults(command=_rate)


def _rate(given: argparse.Namespace) -> Rows:
    from exonu.interactions import Physics, recoil_rate

    if given.interaction == "weak" and given.strength is not None:
        raise InputError(
            "is given for weak, which has no free strength",
            field="--strength",
            remedy="leave it out",
        )
    strength, comment = 1.0 if given.strength is None else given.strength, []
    if given.strength is None and given.interaction != "weak":
        strength = SEARCHED[given.interaction].reference_strength
        comment = [f"strength {strength:g}, the reference strength: --strength was not given"]
    rates = recoil_rate(
        given.interaction,
        given.energies,
        source=given.source,
        flavour=given.flavour or "all",
        strength=strength,
        mass_MeV=one_mass(given),
        part=given.part,
        physics=Physics.from_settings(_physics_of(given)),
    )
    rows = [
        (f"{energy:.9g}", f"{rate:.9g}") for energy, rate in zip(given.energies, rates, strict=True)
    ]
    return Rows(("energy_keV", "rate_per_tonne_year_keV"), rows, comment)


def _physics_of(given: argparse.Namespace) -> dict[str, Any]:
    """The block `physics` of the analysis that is named, with what the options replace."""
    settings: dict[str, Any] = {}
    if given.analysis is not None:
        from exonu.search.analysis import read_analysis
        from exonu.search.limit_inputs import named_file

        file = named_file(given.analysis)
        settings = dict(read_analysis(file.stem, file).settings["physics"])
    if given.atomic is not None:
        settings["atomic"] = {**settings.get("atomic", {}), given.interaction: given.atomic}
    return settings if given.target is None else {**settings, "target": given.target}


def _survival(given: argparse.Namespace) -> Rows:
    import numpy as np

    from exonu.solar import flavour_probabilities, oscillation, solar_sources

    source = next(source for source in solar_sources("SFII-GS98") if source.name == given.source)
    probabilities = flavour_probabilities(
        np.array(given.energies_mev),
        source.electron_density_mol_per_cm3,
        oscillation("NuFIT-6.0-NO"),
    )
    rows = [
        tuple(f"{value:.9g}" for value in (energy, *column))
        for energy, column in zip(given.energies_mev, probabilities.T, strict=True)
    ]
    return Rows(("energy_MeV", "p_ee", "p_emu", "p_etau"), rows)


def _interactions(_: argparse.Namespace) -> Rows:
    header = ("interaction", "parameter", "unit", "flavours", "mass", "atomic", "source")
    rows = []
    for one in SEARCHED.values():
        states, atomic = " ".join(one.states), " ".join(one.atomic)
        mass = "yes" if one.has_mass else "no"
        parameter = (one.parameter.name, one.parameter.unit_name)
        rows.append((one.name, *parameter, states, mass, atomic, one.source))
    return Rows(header, rows)
