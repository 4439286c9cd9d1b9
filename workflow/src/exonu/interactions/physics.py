"""The choices of a calculation in one record, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from exonu.catalogue import INTERACTIONS, Form, Interaction, Shift
from exonu.core.errors import InputError
from exonu.interactions.couplings import coupling_sets
from exonu.interactions.cross_section_table import CrossSectionTable, cross_sections_of
from exonu.solar import oscillation, solar_sources
from exonu.sources import FluxTable, NeutrinoSource, Reactor, reactor_source
from exonu.targets import target_folder


def _may_be_tabled(one: Interaction) -> bool:
    """Whether a table of one cross-section says all of it: no mass, no interference."""
    formula = one.formula
    alone = isinstance(formula, Form) or (
        isinstance(formula, Shift) and formula.interferes == "asked"
    )
    return alone and not one.has_mass


def tabled() -> tuple[str, ...]:
    """Interactions that may have a cross-section of one's own, those declared later too."""
    return tuple(name for name, one in INTERACTIONS.items() if _may_be_tabled(one))


_HEAVIEST_NEUTRINO_EV = (
    10.0  # below the first ionisation energy, so that each logarithm stays positive
)


def _treated() -> tuple[str, ...]:
    """Interactions whose treatment of bound electrons is chosen, those declared later too."""
    return tuple(name for name, one in INTERACTIONS.items() if name == one.settings_name)


@dataclass(frozen=True)
class Physics:
    """Every choice that a recoil spectrum depends on.

    Attributes:
        solar_model: fluxes, one of `exonu.solar.solar_models()`.
        oscillation: oscillation parameters, one of `exonu.solar.oscillation_sets()`.
        beryllium_line: `double` (862 and 384 keV) or `single` (862 keV with the full flux).
        couplings: weak couplings, `radiative`, `tree-0.2312` or `tree-0.2386`.
        sources: which of `pp be7 pep n13 o15 f17`.
        treatments: how bound electrons are treated, by interaction: pairs of its name and one of
            those that the catalogue gives it, `stepping` (electrons bound by no more than T),
            `free` (all of them) or what is its own. Those that are left out are the default.
        neutrino_mass_eV: mass in the logarithm of `epa` and `pai`.
        target: one of `exonu.targets.TARGETS`, or a folder of tables.
        reactor: neutrinos of a reactor instead of those of the Sun.
        flux_table: neutrinos of a table instead of those of the Sun.
        cross_sections: tables of one's own by interaction, instead of its formula and atomic setting.
        dark_matter_density_GeV_per_cm3: local density of what is absorbed.
        millicharge_weak_interference: add the interference of the millicharge with the weak term.

    Raises:
        InputError: if a value is not allowed.

    >>> Physics(beryllium_line="single").solar_model
    'SFII-GS98'
    """

    solar_model: str = "SFII-GS98"
    oscillation: str = "NuFIT-6.0-NO"
    beryllium_line: str = "double"
    couplings: str = "radiative"
    sources: tuple[str, ...] = ("pp", "be7", "pep", "n13", "o15", "f17")
    treatments: tuple[tuple[str, str], ...] = ()
    neutrino_mass_eV: float = 1.0
    millicharge_weak_interference: bool = False
    target: str = "xenon"
    reactor: Reactor | None = None
    flux_table: FluxTable | None = None
    cross_sections: tuple[tuple[str, CrossSectionTable], ...] = ()
    dark_matter_density_GeV_per_cm3: float = 0.3

    def __post_init__(self) -> None:
        known_sources = tuple(
            source.name for source in solar_sources(self.solar_model, self.beryllium_line)
        )
        oscillation(self.oscillation)
        _one_of(self.couplings, coupling_sets(), "couplings")
        if not self.sources:
            raise InputError(
                "is empty", field="sources", remedy=f"choose from {', '.join(known_sources)}"
            )
        for name in self.sources:
            _one_of(name, known_sources, "sources")
        if len(set(self.sources)) < len(self.sources):
            raise InputError(
                f"names a source twice (got {', '.join(self.sources)})", field="sources"
            )
        chosen = dict(self.treatments)
        _known(chosen, _treated(), "atomic.")
        for interaction, value in chosen.items():
            check_atomic(value, interaction)
        every = tuple((name, chosen.get(name, INTERACTIONS[name].atomic[0])) for name in _treated())
        object.__setattr__(self, "treatments", every)
        mass = self.neutrino_mass_eV
        if (
            isinstance(mass, bool)
            or not isinstance(mass, int | float)
            or not 0 < mass <= _HEAVIEST_NEUTRINO_EV
        ):
            raise InputError(
                f"must be a number in 0 < m ≤ {_HEAVIEST_NEUTRINO_EV:g} eV (got {mass!r})",
                field="neutrino_mass_eV",
            )
        for name, _ in self.cross_sections:
            _one_of(name, tabled(), "cross_sections")
            if self.millicharge_weak_interference and isinstance(INTERACTIONS[name].formula, Shift):
                raise InputError(
                    f"is not known for {name}, whose cross-section is a table",
                    field="millicharge_weak_interference",
                    remedy="set it to false, or leave the table out",
                )
        target_folder(self.target)
        if self.reactor is not None and self.flux_table is not None:
            raise InputError(
                "is given with a flux table: neutrinos come from one of them",
                field="reactor",
                remedy="leave one out",
            )
        if not isinstance(self.millicharge_weak_interference, bool):
            raise InputError(
                f"must be true or false (got {self.millicharge_weak_interference!r})",
                field="millicharge_weak_interference",
            )

    @property
    def neutrino_sources(self) -> tuple[NeutrinoSource, ...]:
        """The sources that count, in the order of every array that has them."""
        if self.reactor is not None:
            return (reactor_source(self.reactor),)
        if self.flux_table is not None:
            return (self.flux_table,)
        known = solar_sources(self.solar_model, self.beryllium_line)
        by_name = {source.name: source for source in known}
        return tuple(by_name[name] for name in self.sources)

    @property
    def source_names(self) -> tuple[str, ...]:
        """Names of the sources."""
        return tuple(source.name for source in self.neutrino_sources)

    def atomic(self, interaction: str) -> str:
        """Atomic setting of an interaction; the default of one that was declared later."""
        one = INTERACTIONS[interaction]
        return dict(self.treatments).get(one.settings_name, one.atomic[0])

    def cross_section(self, interaction: str) -> CrossSectionTable | None:
        """The user's own table of an interaction, if there is one."""
        return dict(self.cross_sections).get(interaction)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Physics:
        """Make the record from a configuration: the same names, atomic settings as a mapping
        `atomic`.

        Raises:
            InputError: if a key or a value is not allowed.

        >>> Physics.from_settings({"sources": ["pp"], "atomic": {"millicharge": "epa"}}).atomic("millicharge")
        'epa'
        """
        choices = dict(settings)
        atomic = choices.pop("atomic", {})
        if not isinstance(atomic, Mapping):
            raise InputError(
                f"must be a mapping (got {atomic!r})",
                field="atomic",
                remedy="write `millicharge: pai` below it",
            )
        _known(atomic, _treated(), "atomic.")
        known = [name for name in cls.__dataclass_fields__ if name != "treatments"]
        _known(choices, [*known, "atomic"], "")
        if "sources" in choices:
            sources = choices["sources"]
            if isinstance(sources, str) or not isinstance(sources, list | tuple):
                raise InputError(
                    f"must be a list (got {sources!r})", field="sources", remedy="write [pp, be7]"
                )
            choices["sources"] = tuple(sources)
        if isinstance(choices.get("reactor"), Mapping):
            choices["reactor"] = Reactor.from_settings(choices["reactor"])
        if isinstance(choices.get("flux_table"), Mapping):
            choices["flux_table"] = FluxTable.from_settings(choices["flux_table"])
        if "cross_sections" in choices and not isinstance(choices["cross_sections"], tuple):
            choices["cross_sections"] = cross_sections_of(choices["cross_sections"])
        return cls(**choices, treatments=tuple(atomic.items()))

    def to_settings(self) -> dict[str, Any]:
        """The inverse of `from_settings`, all choices spelled out.

        >>> Physics.from_settings(Physics().to_settings()) == Physics()
        True
        """
        settings = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name in ("reactor", "flux_table"):
            block = settings.pop(name)
            settings |= {} if block is None else {name: block.to_settings()}
        own = {name: table.to_settings() for name, table in settings.pop("cross_sections")}
        settings |= {"cross_sections": own} if own else {}
        atomic = dict(settings.pop("treatments"))
        return settings | {"sources": list(self.sources), "atomic": atomic}


def check_atomic(value: object, interaction: str) -> None:
    """Raise `InputError` unless the atomic setting is one of the interaction's."""
    _one_of(value, INTERACTIONS[interaction].atomic, f"atomic.{interaction}")


def _one_of(value: object, allowed: tuple[str, ...], field: str) -> None:
    if value not in allowed:
        raise InputError(f"must be one of {', '.join(allowed)} (got {value!r})", field=field)


def _known(settings: Mapping[str, Any], known: tuple[str, ...] | list[str], prefix: str) -> None:
    for key in settings:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            remedy = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(known)}"
            raise InputError("is not a known key", field=f"{prefix}{key}", remedy=remedy)
