"""What decays where: background classes, signal and calibration, with rates from activities.

The facts are in `resources/detectors/xmass_like_activities.yaml`; a configuration overrides any of
them. A component is a list of sources, each one decay scheme at one place with one rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import prod
from typing import Any

import numpy as np

from exonu.core import constants
from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.decays.beta_spectra import Tabulated, double_beta, tabulated
from exonu.decays.schemes import Scheme, decay_scheme, spectrum_scheme
from exonu.detector.activities import activities, require_known
from exonu.detector.geometry import Geometry
from exonu.simulation.wall.focus import focus_of
from exonu.simulation.wall.wall_decays import (
    LIQUID,
    POINT,
    Place,
    place_of,
    seal_length_cm,
    wall_areas_cm2,
)
from exonu.xenon import xenon_property

BACKGROUNDS = ("lxe", "solar", "lxe-neutron", "surface", "copper", "seal", "pmt")
"""The six classes, with the solar neutrinos of the first as a sample of their own."""
NEUTRON_LINES = ("i125", "xe131m", "xe133")
"""`lxe-neutron` nuclide by nuclide, for fits with one free rate each."""
WALL_CLASSES = ("surface", "copper", "seal", "pmt")
NATURE = ("nuclides", "double_beta", "solar", "flat_log_keV")
LOWEST_RECOIL_KEV, HIGHEST_RECOIL_KEV = 0.1, 1400.0
_PER_DAY = float(constants.day * 1e-3)  # of 1 mBq


@dataclass(frozen=True)
class Source:
    """One decay scheme at one place.

    Attributes:
        name: e.g. ``"seal/U238-Th230/Pa234m"``.
        scheme: what a decay gives.
        place: where it is.
        material: the wall's material.
        rate_per_day: decays per day where they are generated.
        relative_uncertainty: of the rate.
        emphasis: share of the events that a sample gives to it, relative to its rate.
        log_flat_keV: for the signal, its limits; its weights are E ln(high/low)/n.
    """

    name: str
    scheme: Scheme
    place: Place
    material: str
    rate_per_day: float
    relative_uncertainty: float = 0.0
    emphasis: float = 1.0
    log_flat_keV: tuple[float, float] | None = None


@dataclass(frozen=True)
class Component:
    """A named list of sources."""

    name: str
    label: str
    sources: tuple[Source, ...]

    @property
    def rate_per_day(self) -> float:
        """Decays per day of all sources."""
        return sum(source.rate_per_day for source in self.sources)


def component(
    name: str,
    geometry: Geometry,
    settings: Mapping[str, Any] | None = None,
    *,
    liquid_radius_cm: float | None = None,
    focus: Mapping[str, Any] | None = None,
    emphasis: Mapping[str, float] | None = None,
) -> Component:
    """A component with its rates.

    Args:
        name: one of the components of the table.
        geometry: the detector.
        settings: overrides of the activities, see `activities`.
        liquid_radius_cm: decays in the liquid only up to this radius (rates are reduced to match);
            all of it if None.
        focus: importance sampling of the place of decays in the wall, see `focus.focus_of`.
        emphasis: factors on the emphasis of sources, by name or by the beginning of names, e.g.
            `copper/thin`; those of other components do not count.

    Raises:
        InputError: an unknown component, place, material or unit; a radius that is not inside the
            detector; a focus of a component that is not in the wall.

    >>> from exonu.detector.geometry import geodesic_geometry
    >>> [source.name for source in component("surface", geodesic_geometry()).sources][:2]
    ['surface/quartz/Pb210', 'surface/quartz/Bi210']
    """
    table = activities(settings)
    require_known(name, table["components"], "component")
    facts = table["components"][name]
    sources = []
    for key, content in facts["sources"].items():
        complete = {**content, "pocket": _numbers(facts.get("pocket", {}))}
        if "material" in content:
            require_known(
                content["material"], table["materials"], f"components.{name}.sources.{key}.material"
            )
            complete["material_properties"] = table["materials"][content["material"]]
        sources += _expanded(f"{name}/{key}", complete, geometry, liquid_radius_cm)
    made = Component(name, facts["label"], tuple(_emphasised(sources, emphasis or {})))
    return focused(made, focus, geometry) if focus else made


def _emphasised(sources: Sequence[Source], factors: Mapping[str, float]) -> Iterator[Source]:
    for source in sources:
        of = [
            factor for name, factor in factors.items() if f"{source.name}/".startswith(f"{name}/")
        ]
        yield replace(source, emphasis=source.emphasis * prod(of))


def focused(what: Component, focus: Mapping[str, Any], geometry: Geometry) -> Component:
    """The component with importance sampling of the place of its decays in the wall.

    Args:
        what: the component.
        focus: see `focus.focus_of`.
        geometry: the detector.

    Raises:
        InputError: none of its sources is in the wall; a wrong focus.
    """
    if all(source.place.kind in (LIQUID, POINT) for source in what.sources):
        raise InputError(
            f"is of decays in the wall ({what.name!r} has none)",
            field="focus",
            remedy="leave it out",
        )
    chosen = focus_of(focus, geometry)
    return replace(
        what, sources=tuple(replace(s, place=s.place._replace(focus=chosen)) for s in what.sources)
    )


def _numbers(pocket: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in pocket.items() if key not in ("status", "source")}


def _expanded(
    name: str, source: Settings, geometry: Geometry, radius_cm: float | None
) -> list[Source]:
    share = 1.0
    if source["place"] == "liquid" and radius_cm is not None:
        if not 0 < radius_cm <= geometry.inradius_cm:
            limit = f"{geometry.inradius_cm:.1f} cm"
            raise InputError(
                f"must be > 0 and at most {limit} (got {radius_cm})", field="liquid_radius_cm"
            )
        share = 4 / 3 * np.pi * radius_cm**3 / geometry.volume_and_area[0]
        source = {**source, "radius_cm": radius_cm}
    place = place_of(source, geometry, xenon_property("liquid_density"))
    kinds = [kind for kind in NATURE if kind in source]
    if len(kinds) != 1:
        raise InputError(
            "must say what decays, once", field=name, remedy=f"give one of {', '.join(NATURE)}"
        )
    material = source.get("material", "copper")
    if kinds[0] == "nuclides":
        activity = source["activity"]
        per_day = _decays_per_day(name, activity, source, geometry) * share
        error, emphasis = activity["relative_uncertainty"], float(source.get("emphasis", 1.0))
        return [
            Source(
                f"{name}/{nuclide}",
                decay_scheme(nuclide),
                place,
                material,
                per_day * part,
                error,
                emphasis,
            )
            for nuclide, part in source["nuclides"].items()
        ]
    spectrum, per_day = _continuous(source, geometry)
    limits = tuple(source["flat_log_keV"]) if kinds[0] == "flat_log_keV" else None
    error = source.get("relative_uncertainty", 0.0)
    return [
        Source(
            name,
            spectrum_scheme(spectrum),
            place,
            material,
            per_day * share,
            error,
            log_flat_keV=limits,
        )
    ]


def _decays_per_day(name: str, activity: Settings, source: Settings, geometry: Geometry) -> float:
    """Decays per day of an activity, in the layer of the source for one per mass."""
    value, unit = float(activity["value"]) * _PER_DAY, activity["unit"]
    if unit == "mBq":
        return value
    if unit == "mBq_per_tube":
        return value * geometry.n_channels
    if unit == "mBq_per_kg":
        return value * _layer_mass_kg(source, geometry)
    raise InputError(
        f"is not a known unit (got {unit!r})",
        field=f"{name}.activity.unit",
        remedy="mBq, mBq_per_tube or mBq_per_kg",
    )


def _layer_mass_kg(source: Settings, geometry: Geometry) -> float:
    shallow, deep = source["depth_cm"]
    thickness = float(deep - shallow)
    density = float(source["material_properties"]["density_g_per_cm3"])
    if source["place"] == "seal":
        return seal_length_cm(geometry) * thickness**2 * density * 1e-3  # a square cross-section
    return wall_areas_cm2(geometry)[source["place"]] * thickness * density * 1e-3


def _continuous(source: Settings, geometry: Geometry) -> tuple[Tabulated, float]:
    """Spectrum and events per day in the whole liquid."""
    mass_g = geometry.volume_and_area[0] * xenon_property("liquid_density")
    if "double_beta" in source:
        spectrum, half_life_s, abundance = double_beta(source["double_beta"])
        atoms = mass_g / xenon_property("atomic_mass") * constants.N_A * abundance
        return spectrum, float(np.log(2) / half_life_s * atoms * constants.day)
    if "solar" in source:
        energies, rate = _recoils(tuple(sorted(source["solar"].items())))
        spectrum = tabulated(
            lambda e: np.interp(e, energies, rate), float(energies[0]), float(energies[-1])
        )
        per_tonne_year = float(np.sum((rate[1:] + rate[:-1]) / 2 * np.diff(energies)))
        return spectrum, per_tonne_year * mass_g * 1e-6 * constants.day / constants.Julian_year
    low, high = source["flat_log_keV"]
    if not 0 < low < high:
        raise InputError(
            f"must be two energies, 0 < low < high (got {low}, {high})", field="flat_log_keV"
        )
    edges = np.geomspace(low, high, 4097)
    return Tabulated(edges, np.linspace(0.0, 1.0, 4097)), 1.0


@cache
def _recoils(scattering: tuple[tuple[str, Any], ...]) -> tuple[Array, Array]:
    """Recoil energies in keV and rates per tonne year keV; the arguments are those of
    `RecoilSpectra.rate`."""
    from exonu.interactions import RecoilSpectra

    energies = np.geomspace(LOWEST_RECOIL_KEV, HIGHEST_RECOIL_KEV, 800)
    return energies, np.asarray(RecoilSpectra(energies).rate(**dict(scattering)).sum(axis=0))


def injected(geometry: Geometry, **scattering: Any) -> Component:
    """What a new interaction adds to the weak rate, to inject into pseudo-data.

    Args:
        geometry: the detector.
        scattering: arguments of `RecoilSpectra.rate`, e.g. ``interaction="magnetic-moment",
            strength=1e-10``.

    Raises:
        InputError: a rate that is negative somewhere (destructive interference).

    >>> from exonu.detector.geometry import geodesic_geometry
    >>> f"{injected(geodesic_geometry(), interaction='magnetic-moment', strength=1e-10).rate_per_day:.1f} per day"
    '15.0 per day'
    """
    source = {"place": "liquid", "solar": scattering}
    return Component(
        "injected", "injected signal", tuple(_expanded("injected", source, geometry, None))
    )
