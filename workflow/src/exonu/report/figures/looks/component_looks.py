"""The one look of each background component, in every figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from exonu.report.figures.colours import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION


@dataclass(frozen=True)
class ComponentLook:
    """Fill and hatch where a component is stacked, colour, dashes and marker where it is a line."""

    fill: str
    hatch: str
    colour: str
    line: Any
    marker: str

    @property
    def patch(self) -> dict[str, Any]:
        """Arguments of a filled, hatched patch without an outline."""
        return {
            "facecolor": self.fill,
            "hatch": self.hatch,
            "edgecolor": "#8C8C8C",
            "linewidth": 0.0,
        }


_OLIVE, _VIOLET = "#8A7F00", "#6A5FA8"
_TABLE: tuple[tuple[ComponentLook, tuple[str, ...]], ...] = (
    (
        ComponentLook("#C9DFEE", "", BLUE, "-", "o"),
        ("lxe", "LXe (w/o neutron origin)", "B0", "B0 (all backgrounds and solar ν)"),
    ),
    (
        ComponentLook("#F5D9A8", "///", ORANGE, (0, (5, 1, 1, 1)), "D"),
        ("i125", "xe131m", "xe133", "xe127", "xe129m", "LXe neutron origin"),
    ),
    (
        ComponentLook("#BFE3D7", "\\\\\\", GREEN, "--", "v"),
        ("surface", "²¹⁰Pb surface"),
    ),
    (
        ComponentLook("#E8CCDB", "...", PURPLE, "-.", "s"),
        ("copper", "²¹⁰Pb copper plate and ring"),
    ),
    (
        ComponentLook("#DDDDDD", "xxx", GREY, (0, (3, 1)), "<"),
        ("seal", "PMT aluminum seal"),
    ),
    (
        ComponentLook("#F7F0AE", "|||", _OLIVE, (0, (6, 1)), "^"),
        ("pmt", "PMT (except aluminum seal)"),
    ),
    (
        ComponentLook("#F2C6B4", "+++", VERMILLION, (0, (1, 1)), "P"),
        ("solar", "solar neutrinos", "solar neutrinos (weak interaction)"),
    ),
    (ComponentLook("#CFCBE6", "---", _VIOLET, (0, (8, 2)), ">"), ()),
    (ComponentLook("#D6ECF8", "ooo", SKY, (0, (4, 1, 1, 1, 1, 1)), "X"), ()),
    (ComponentLook("#EADFD3", "***", "#7A4B1E", (0, (2, 1)), "h"), ()),
)
"""The demonstration's components and their labels; the last looks are for those of a user."""
_DASHES = ((0, (1, 1.2)), (0, (7, 1.5, 1, 1.5)), (0, (3, 1)), "-")


def component_looks(
    names: Iterable[str], labels: Mapping[str, str] | None = None
) -> dict[str, ComponentLook]:
    """Looks of all components, or classes of them, that an analysis has.

    Those of the table have theirs in every analysis. Others take what is left, in the order of their
    names: so that figures that stack them differently draw them alike, if each asks with all names of
    its analysis. Several that share one look differ in their lines.

    Args:
        names: of components, or their labels.
        labels: the class of each component that is asked for by its own name; it has the look of
            the class.

    >>> own = component_looks(["a", "b"], {"a": "my wall", "b": "my source"})
    >>> own["b"] == component_looks(["my wall", "my source"])["my source"]
    True
    >>> looks = component_looks(["copper", "²¹⁰Pb copper plate and ring", "my source"])
    >>> looks["copper"].fill == looks["²¹⁰Pb copper plate and ring"].fill
    True
    """
    wanted = list(dict.fromkeys(names))
    known = {name: place for place, (_, members) in enumerate(_TABLE) for name in members}
    classes = {name: (labels or {}).get(name, name) for name in wanted}
    places = {name: known[name] for name in classes.values() if name in known}
    free = [place for place in range(len(_TABLE)) if place not in places.values()]
    free = sorted(free, key=lambda place: (bool(_TABLE[place][1]), place)) or [*range(len(_TABLE))]
    for number, name in enumerate(sorted(set(classes.values()) - set(known))):
        places[name] = free[number % len(free)]
    looks: dict[str, ComponentLook] = {}
    times: dict[int, int] = {}
    for name in wanted:
        place = places[classes[name]]
        again = times[place] = times.get(place, -1) + 1
        look = _TABLE[place][0]
        looks[name] = replace(look, line=_DASHES[(again - 1) % len(_DASHES)]) if again else look
    return looks
