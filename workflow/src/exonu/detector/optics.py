"""Optics, scintillation and electronics of a photomultiplier detector, as settings with sources.

The numbers of the XMASS-like detector are in `resources/detectors/xmass_like_optics.yaml`, each
with its status; a configuration overrides any of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.core.settings import Settings, merged, read_yaml
from exonu.core.types import Array

T = TypeVar("T", bound="_Section")


@cache
def _facts() -> Settings:
    content = read_yaml(resource_path("detectors/xmass_like_optics.yaml"))
    return {
        section: {name: fact["value"] for name, fact in facts.items()}
        for section, facts in content.items()
    }


def xmass_like(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Settings of the XMASS-like detector by section, with some of them replaced.

    Args:
        overrides: e.g. ``{"optics": {"absorption_cm": 500}}``.

    Raises:
        InputError: a section or a key that does not exist.

    >>> xmass_like({"optics": {"absorption_cm": 500}})["optics"]["absorption_cm"]
    500
    """
    facts = _facts()
    for section, content in (overrides or {}).items():
        unknown = {section} - facts.keys() or {
            f"{section}.{key}" for key in content.keys() - facts[section].keys()
        }
        if unknown:
            known = facts.get(section, facts)
            raise InputError(
                "is not a known detector setting",
                field=min(unknown),
                remedy=f"known: {', '.join(sorted(known))}",
            )
    return merged(facts, overrides or {})


class _Section:
    """A frozen dataclass that is read from one section of the settings."""

    _section: str

    @classmethod
    def from_settings(cls: type[T], overrides: Mapping[str, Any] | None = None) -> T:
        """Read from its section of the settings, completed with the XMASS-like values, and checked.

        Args:
            overrides: keys of this section to replace, e.g. ``{"absorption_cm": 500}``.

        Raises:
            InputError: an unknown key, or a value outside its range.
        """
        values = xmass_like({cls._section: dict(overrides or {})})[cls._section]
        return cls(**{field.name: _as_number(values[field.name]) for field in fields(cls)})  # type: ignore[arg-type]

    def _require(self, ok: bool, name: str, rule: str) -> None:
        if not ok:
            raise InputError(
                f"must be {rule} (got {getattr(self, name)})", field=f"{self._section}.{name}"
            )


def _as_number(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


@dataclass(frozen=True)
class Optics(_Section):
    """What happens to a photon between its emission and the photocathode.

    Attributes:
        rayleigh_cm, absorption_cm: mean free paths in xenon.
        n_xenon, n_quartz: refractive indices at 175 nm.
        photocathode_reflectance: probability that a photon is sent back by the cathode, specularly.
        copper_albedo: probability that the wall between the windows sends it back, diffusely.
        group_velocity_cm_per_ns: speed of light pulses in xenon.
    """

    rayleigh_cm: float
    absorption_cm: float
    n_xenon: float
    n_quartz: float
    photocathode_reflectance: float
    copper_albedo: float
    group_velocity_cm_per_ns: float

    _section = "optics"

    def __post_init__(self) -> None:
        for name in ("rayleigh_cm", "absorption_cm", "group_velocity_cm_per_ns"):
            self._require(0 < getattr(self, name) < np.inf, name, "> 0 and finite")
        for name in ("n_xenon", "n_quartz"):
            self._require(getattr(self, name) >= 1, name, "≥ 1")
        for name in ("photocathode_reflectance", "copper_albedo"):
            self._require(0 <= getattr(self, name) <= 1, name, "between 0 and 1")


@dataclass(frozen=True)
class Scintillation(_Section):
    """How much light an electron makes, and when; see the resource for the units and sources of
    each number."""

    photoelectrons_per_keV: float
    reference_energy_keV: float
    resolution: float
    relative_yield_energy_keV: tuple[float, ...]
    relative_yield: tuple[float, ...]
    fast_time_ns: float
    fast_fraction: float
    slow_time_energy_keV: tuple[float, ...]
    slow_time_ns: tuple[float, ...]

    _section = "scintillation"

    def __post_init__(self) -> None:
        for name in ("photoelectrons_per_keV", "reference_energy_keV", "fast_time_ns"):
            self._require(getattr(self, name) > 0, name, "> 0")
        self._require(0 <= self.fast_fraction <= 1, "fast_fraction", "between 0 and 1")
        for points, values in (
            ("relative_yield_energy_keV", "relative_yield"),
            ("slow_time_energy_keV", "slow_time_ns"),
        ):
            energy = np.asarray(getattr(self, points))
            self._require(
                bool(energy[0] > 0 and np.all(np.diff(energy) > 0)), points, "increasing and > 0"
            )
            self._require(len(getattr(self, values)) == len(energy), values, f"as long as {points}")
            self._require(bool(np.all(np.asarray(getattr(self, values)) > 0)), values, "> 0")

    def slow_time(self, energy_keV: ArrayLike) -> Array:
        """Slow decay time [ns] of an electron's light, same shape as its energy."""
        energy = np.maximum(np.asarray(energy_keV, dtype=float), 1e-9)
        return np.asarray(
            np.interp(np.log(energy), np.log(self.slow_time_energy_keV), self.slow_time_ns)
        )


@dataclass(frozen=True)
class Electronics(_Section):
    """What the photomultipliers and their electronics make of photoelectrons.

    Attributes:
        transit_spread_ns: full width at half maximum of a photoelectron's transit time.
        single_pe_resolution: σ of its charge over the mean.
        hit_threshold_pe: smaller charges are no hit.
        charge_window_ns: time from the first photoelectron within which charge is summed.
        coincidence_window_ns, coincidence_hits: so many photomultipliers within this time make the
            trigger.
    """

    transit_spread_ns: float
    single_pe_resolution: float
    hit_threshold_pe: float
    charge_window_ns: float
    coincidence_window_ns: float
    coincidence_hits: int

    _section = "electronics"

    def __post_init__(self) -> None:
        for name in ("transit_spread_ns", "single_pe_resolution", "hit_threshold_pe"):
            self._require(getattr(self, name) >= 0, name, "≥ 0")
        for name in ("charge_window_ns", "coincidence_window_ns", "coincidence_hits"):
            self._require(getattr(self, name) > 0, name, "> 0")


@dataclass(frozen=True)
class LightMapSettings(_Section):
    """Size and precision of the light map.

    Attributes:
        shells: number of shells around the centre, equally spaced.
        outer_frequency: the outermost shell has 10 f² + 2 vertices, the others fewer in proportion
            to their area.
        outer_radius: size of the outermost shell as a share of the wall's.
        photons_per_vertex: photons traced from each vertex of the fundamental domain.
        smoothing_vertices: vertices of a local quadratic; 10 or fewer is no smoothing.
    """

    shells: int
    outer_frequency: int
    outer_radius: float
    photons_per_vertex: int
    smoothing_vertices: int

    _section = "light_map"

    def __post_init__(self) -> None:
        for name in ("shells", "outer_frequency", "photons_per_vertex", "smoothing_vertices"):
            self._require(getattr(self, name) > 0, name, "> 0")
        self._require(0 < self.outer_radius < 1, "outer_radius", "between 0 and 1")


def boundary_reflectance(angle_deg: ArrayLike, n_from: float, n_into: float) -> Array:
    """Fresnel's reflectance of unpolarised light at a plane boundary, shape of the angle of
    incidence; 1 beyond total reflection.

    >>> boundary_reflectance([0.0, 40.0], 1.0, 1.6).round(4).tolist()  # from vacuum into quartz
    [0.0533, 0.0596]
    >>> boundary_reflectance(40.0, 1.69, 1.6).round(4).item()  # from liquid xenon
    0.0012
    """
    angle = np.radians(np.asarray(angle_deg, dtype=np.float64))
    sine = n_from / n_into * np.sin(angle)
    cosine, refracted = np.cos(angle), np.sqrt(np.maximum(1 - sine**2, 0.0))
    s = (n_from * cosine - n_into * refracted) / (n_from * cosine + n_into * refracted)
    p = (n_into * cosine - n_from * refracted) / (n_into * cosine + n_from * refracted)
    return np.where(sine < 1, (s**2 + p**2) / 2, 1.0)


def cathode_reflectance(
    measured: ArrayLike, angle_deg: ArrayLike, n_quartz: float, n_outside: float = 1.0
) -> Array:
    """Reflectance of a photocathode behind its window, from that of the whole tube.

    With B of the window's face and ρ of the cathode, the face and all later ways out give
    R = B + (1 − B)² ρ/(1 − Bρ); solved for ρ = (R − B)/((1 − B)² + B(R − B)). Absorption in the
    window is neglected.

    Args:
        measured: reflectance R, specular, at the angles of incidence.
        angle_deg: angle of incidence outside, same shape.
        n_quartz, n_outside: refractive indices; 1 for a measurement in vacuum.

    In vacuum R was measured as 10 to 16 % at 20° to 60° (KAKENHI 19740128), of which the face of
    the quartz alone makes 5 to 11 %; from xenon it makes 0.1 to 1.2 %:

    >>> low, middle, high = cathode_reflectance([0.10, 0.13, 0.16], 40.0, 1.6).round(3)
    >>> print(low, middle, high)
    0.046 0.079 0.113
    """
    total = np.asarray(measured, dtype=np.float64)
    face = boundary_reflectance(angle_deg, n_outside, n_quartz)
    return np.asarray((total - face) / ((1 - face) ** 2 + face * (total - face)))
