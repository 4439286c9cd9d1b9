"""Options that several commands share, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from exonu.catalogue import INTERACTIONS, SEARCHED
from exonu.cli.answers import FORMATS
from exonu.cli.values import FLAVOUR_ALIASES, INTERACTION_ALIASES, numbers, one_of
from exonu.core.errors import InputError

FLAVOURS = tuple(dict.fromkeys(state for one in INTERACTIONS.values() for state in one.states))
ATOMIC = tuple(dict.fromkeys(name for one in INTERACTIONS.values() for name in one.atomic))
FIGURES = (".png", ".pdf")


def add_name(
    parser: argparse.ArgumentParser,
    *flags: str,
    names: Sequence[str],
    aliases: Mapping[str, str] | None = None,
    **more: Any,
) -> None:
    """An option that takes one of some names, which the shell completes."""
    option: Any = parser.add_argument(*flags, type=one_of(names, aliases), **more)
    option.completer = lambda **_: names  # read by argcomplete


def add_searched(parser: argparse.ArgumentParser) -> None:
    """Which hypothesis of what can be searched for."""
    add_name(
        parser,
        "--interaction",
        names=tuple(SEARCHED),
        aliases=INTERACTION_ALIASES,
        metavar="NAME",
        help="needed for an experiment; `exonu interactions` lists them",
    )
    add_hypothesis(parser)


def add_hypothesis(parser: argparse.ArgumentParser) -> None:
    """Flavour, mass and atomic model."""
    add_name(
        parser,
        "--flavor",
        "--flavour",
        dest="flavour",
        names=FLAVOURS,
        aliases=FLAVOUR_ALIASES,
        metavar="STATE",
        help="which neutrino interacts (default all)",
    )
    parser.add_argument(
        "--mass-mev",
        type=numbers,
        metavar="MASS",
        help="mass in MeV, where the interaction has one; `limit` takes several: 1e-3,1e-2 or 1e-5:100:40log",
    )
    add_name(
        parser,
        "--atomic",
        names=ATOMIC,
        metavar="MODEL",
        help="atomic model (default: the interaction's own)",
    )


def add_answer(parser: argparse.ArgumentParser, own_format: str) -> None:
    """Where the answer goes, and in which form."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help=f"of the answer (default {own_format}, or what the name of --output ends with)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="write the answer there, not to the screen",
    )
    parser.set_defaults(own_format=own_format)


def one_mass(given: argparse.Namespace) -> float | None:
    """The mass in MeV of a command that takes one."""
    masses = given.mass_mev
    if masses is not None and len(masses) > 1:
        raise InputError(
            f"takes one mass here (got {len(masses)})",
            field="--mass-mev",
            remedy="`exonu limit` takes several",
        )
    return None if masses is None else float(masses[0])


def hypothesis_of(given: argparse.Namespace) -> dict[str, Any]:
    """What the options of `add_searched` say, as arguments of the library."""
    return {
        "interaction": given.interaction,
        "flavour": given.flavour,
        "mass_MeV": one_mass(given),
        "atomic": given.atomic,
    }


def check_output(file: Path, option: str, suffixes: Sequence[str]) -> None:
    """Refuse a place that cannot be written before the work; see `exonu.core.files`."""
    from exonu.core.files import require_output

    require_output(file, option, suffixes)
