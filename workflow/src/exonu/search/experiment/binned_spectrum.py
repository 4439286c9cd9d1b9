"""An experiment's binned spectrum, ready to fit: from what it published (one YAML and its CSVs), or
from events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from exonu.core.errors import InputError
from exonu.core.types import Array
from exonu.detector import Efficiency, Response

Variations = Mapping[str, tuple[Array, Array]]
"""Templates (or matrices) one standard deviation up and down, by nuisance parameter."""


@dataclass(frozen=True)
class Background:
    """One background component.

    Attributes:
        name, label: name in the workspace, and in figures, where components of one label are one
            class.
        counts: expected counts, efficiency included, shape (n_bins,).
        statistical_error: MC statistical errors, shape (n_bins,), or None where the experiment
            gives none.
        uncertainty: relative uncertainty of the normalisation; None if it is free.
        uncertainty_down: the same downwards, where it is another.
        is_correlated: whether the uncertainty of the normalisation stands among the `norms` or variations, as it is
            correlated with that of others.
        is_log_normal: whether the uncertainty is that of a factor (1 + u)^±1, which is positive
            however large u is.
        variations: templates one standard deviation up and down, by nuisance parameter.
        norms: further relative uncertainties of the normalisation, by nuisance parameter; factors
            (1 + u)^±1.
        statistical_name: nuisance parameters of the statistical errors; components that share them
            have one per bin.
        unseen: the part of `counts` that stands for events too rare for the simulation, with an
            uncertainty as large, by nuisance parameter (`exonu.templates.unseen`).
        shifts: what one standard deviation adds to the counts, and takes from them downwards, by
            nuisance parameter, shape (n_bins,): the eigenvectors of a covariance, which the sum of
            their squares is.
    """

    name: str
    label: str
    counts: Array
    statistical_error: Array | None
    uncertainty: float | None
    is_log_normal: bool = False
    variations: Variations = field(default_factory=dict)
    norms: Mapping[str, float] = field(default_factory=dict)
    statistical_name: str | None = None
    unseen: Mapping[str, Array] = field(default_factory=dict)
    uncertainty_down: float | None = None
    is_correlated: bool = False
    shifts: Mapping[str, Array] = field(default_factory=dict)

    def within(self, bins: slice) -> Background:
        """The same in some of the bins."""
        error = self.statistical_error
        return replace(
            self,
            counts=self.counts[bins],
            statistical_error=None if error is None else error[bins],
            variations={
                name: (up[bins], down[bins]) for name, (up, down) in self.variations.items()
            },
            unseen={name: up[bins] for name, up in self.unseen.items() if up[bins].any()},
            shifts={name: up[bins] for name, up in self.shifts.items() if up[bins].any()},
        )


@dataclass(frozen=True)
class NuclearChannel:
    """How an experiment sees nuclear recoils, in the bins of its spectrum.

    Attributes:
        make_response: makes the response when it is asked for; its true energies are those of the
            nucleus.
        make_variations: makes its matrices one standard deviation up and down, by nuisance
            parameter.
    """

    make_response: Callable[[], Response]
    make_variations: Callable[[], Variations]

    @cached_property
    def response(self) -> Response:
        """Folds a rate of nuclear recoils into expected counts."""
        return self.make_response()

    @cached_property
    def variations(self) -> Variations:
        """The same varied."""
        return self.make_variations()

    def within(self, bins: slice) -> NuclearChannel:
        """The same in some of the bins."""
        return NuclearChannel(
            lambda: self.response.within(bins),
            lambda: {name: (up[bins], down[bins]) for name, (up, down) in self.variations.items()},
        )


@dataclass(frozen=True)
class FitPart:
    """What a part of a fit beside the spectrum is, see `exonu.templates.fit_parts`.

    Attributes:
        kind: `slice` or `region`.
        variable, ends: of a slice, the second variable and its range.
    """

    kind: str
    variable: str | None = None
    ends: tuple[float, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """A binned spectrum with its backgrounds and the response to signals.

    Attributes:
        name, reference: what figures and tables call it, and its paper.
        is_simulated: whether the observed counts are simulated.
        low_keV, high_keV: bin edges in keV, or in the unit of the observable, shape (n_bins,) each.
        observed: counts, shape (n_bins,); None if the analysis is blind and never read them.
        backgrounds: the components of the model.
        includes_solar_neutrinos: whether the backgrounds contain the Standard Model's solar
            neutrinos.
        exposure_tonne_year: exposure.
        efficiency: the detection efficiency.
        efficiency_uncertainty: its relative uncertainty.
        make_response: makes the response when it is asked for, since planning only checks the
            input.
        response_variations: matrices of the response one standard deviation up and down, by
            nuisance parameter.
        make_variations: makes further ones when they are asked for.
        norms: further relative uncertainties of everything that is folded, by nuisance parameter.
        live_days: live time, where it is known.
        solar_label: class of the solar neutrinos in figures.
        target: what the detector is made of, see `exonu.targets`.
        report_ranges_keV: edges of the energy ranges of tables; one range of all bins if empty.
        resolution_keV: σ of a true energy, where the response is made from it.
        observable: name and unit of what the bins are of, where it is not recoil energy: all edges
            in keV are in this unit then.
        notes: doubts that reading its files has left.
        slices: the spectrum in ranges of a second variable, in its bins; the fit is of these, if
            there are any. Together they are the spectrum.
        regions: control regions, channels of their own with their own bins.
        part: which of these it is itself, None for a spectrum.
        solar_flux: of a slice in time, the flux of solar neutrinos over that at 1 AU.
        nuclear: how nuclear recoils are seen; None where they are not.
    """

    name: str
    reference: str
    is_simulated: bool
    low_keV: Array
    high_keV: Array
    observed: Array | None
    backgrounds: tuple[Background, ...]
    includes_solar_neutrinos: bool
    exposure_tonne_year: float
    efficiency: Efficiency
    efficiency_uncertainty: float
    make_response: Callable[[], Response]
    response_variations: Variations = field(default_factory=dict)
    norms: Mapping[str, float] = field(default_factory=dict)
    live_days: float | None = None
    solar_label: str = "solar neutrinos"
    report_ranges_keV: tuple[float, ...] = ()
    resolution_keV: Callable[[Array], Array] | None = None
    target: str = "xenon"
    make_variations: Callable[[], Variations] | None = None
    observable: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()
    slices: tuple[Experiment, ...] = ()
    regions: tuple[Experiment, ...] = ()
    part: FitPart | None = None
    solar_flux: float = 1.0
    nuclear: NuclearChannel | None = None

    @cached_property
    def all_variations(self) -> Variations:
        """All matrices of the response one standard deviation up and down."""
        made = {} if self.make_variations is None else self.make_variations()
        return {**self.response_variations, **made}

    @cached_property
    def response(self) -> Response:
        """Folds a recoil rate into expected counts."""
        return self.make_response()

    @property
    def background(self) -> Array:
        """Sum of the given backgrounds, shape (n_bins,)."""
        return np.asarray(sum(component.counts for component in self.backgrounds))

    @property
    def unit(self) -> str:
        """Unit of the edges of the bins."""
        return "keV" if self.observable is None else self.observable[1]

    @property
    def axis_label(self) -> str:
        """What the bins are of, and its unit: `S2 [PE]`."""
        name, unit = self.observable or ("reconstructed energy", "keV")
        return f"{name} [{unit}]"

    @property
    def is_from_events(self) -> bool:
        """Whether it was made from selected events: only then is its live time known."""
        return self.live_days is not None

    def fold_variations(self, rate_per_tonne_year_keV: Array) -> dict[str, tuple[Array, Array]]:
        """Counts with each variation of the response up and down.

        Args:
            rate_per_tonne_year_keV: rates at `response.true_energy_keV`, shape (..., n_true).

        Returns:
            By nuisance parameter, two arrays of shape (..., n_bins).
        """
        return {
            name: (rate_per_tonne_year_keV @ up.T, rate_per_tonne_year_keV @ down.T)
            for name, (up, down) in self.all_variations.items()
        }

    def within(self, low_keV: float, high_keV: float) -> Experiment:
        """The same in a fit range.

        Raises:
            InputError: if an end of the range is not an edge of a bin.
        """
        first = _place(low_keV, self.low_keV, "lower", self.unit)
        last = _place(high_keV, self.high_keV, "upper", self.unit)
        if first > last:
            raise InputError(
                f"{low_keV:g} to {high_keV:g} {self.unit} holds no bin",
                field="fit_range_keV",
                remedy="swap them",
            )
        bins = slice(first, last + 1)

        def variations() -> Variations:
            made = {} if self.make_variations is None else self.make_variations()
            return {name: (up[bins], down[bins]) for name, (up, down) in made.items()}

        return replace(
            self,
            low_keV=self.low_keV[bins],
            high_keV=self.high_keV[bins],
            observed=None if self.observed is None else self.observed[bins],
            backgrounds=tuple(background.within(bins) for background in self.backgrounds),
            make_response=lambda: self.response.within(bins),
            response_variations={
                n: (up[bins], down[bins]) for n, (up, down) in self.response_variations.items()
            },
            make_variations=None if self.make_variations is None else variations,
            slices=tuple(one.within(low_keV, high_keV) for one in self.slices),
            nuclear=None if self.nuclear is None else self.nuclear.within(bins),
        )

    def flattened(self) -> Experiment:
        """What is fitted: the slices one after the other, all energies of the first one first; itself
        where there are none."""
        if not self.slices:
            return self
        parts, n_bins = self.slices, len(self.low_keV)

        def joined(values: Callable[[Experiment], Array]) -> Array:
            return np.concatenate([values(one) for one in parts])

        def response() -> Response:
            matrix = joined(lambda one: one.response.matrix)
            low, high = joined(lambda one: one.low_keV), joined(lambda one: one.high_keV)
            first = parts[0].response
            return Response(low, high, first.true_energy_keV, matrix, first.weights_keV)

        names = dict.fromkeys(name for one in parts for name in one.response_variations)
        observed = None if self.observed is None else joined(lambda one: np.asarray(one.observed))
        return replace(
            self,
            low_keV=np.tile(self.low_keV, len(parts)),
            high_keV=np.tile(self.high_keV, len(parts)),
            observed=observed,
            backgrounds=tuple(
                _flattened([one.backgrounds[i] for one in parts], n_bins)
                for i in range(len(self.backgrounds))
            ),
            make_response=response,
            response_variations={
                name: (_stacked(parts, name, 0), _stacked(parts, name, 1)) for name in names
            },
            slices=(),
        )


def _stacked(parts: tuple[Experiment, ...], name: str, way: int) -> Array:
    """A variation of the responses of all slices; the response itself where one has none of the
    name."""
    found = [one.response_variations.get(name) for one in parts]
    matrices = [
        one.response.matrix if both is None else both[way]
        for one, both in zip(parts, found, strict=True)
    ]
    return np.concatenate(matrices)


def _flattened(parts: list[Background], n_bins: int) -> Background:
    """A background of all slices; a variation that one of them has not leaves it there."""
    names = dict.fromkeys(name for one in parts for name in one.variations)
    unseen = dict.fromkeys(name for one in parts for name in one.unseen)
    shifts = dict.fromkeys(name for one in parts for name in one.shifts)
    zero = np.zeros(n_bins)
    errors = [zero if one.statistical_error is None else one.statistical_error for one in parts]
    return replace(
        parts[0],
        counts=np.concatenate([one.counts for one in parts]),
        statistical_error=np.concatenate(errors),
        variations={
            name: (
                np.concatenate([one.variations.get(name, (one.counts,) * 2)[0] for one in parts]),
                np.concatenate([one.variations.get(name, (one.counts,) * 2)[1] for one in parts]),
            )
            for name in names
        },
        unseen={
            name: np.concatenate([one.unseen.get(name, zero) for one in parts]) for name in unseen
        },
        shifts={
            name: np.concatenate([one.shifts.get(name, zero) for one in parts]) for name in shifts
        },
    )


def _place(energy_keV: float, edges_keV: Array, which: str, unit: str) -> int:
    """The bin that begins (or ends) at an energy, or at a value of the observable."""
    found = np.flatnonzero(np.isclose(edges_keV, energy_keV, rtol=1e-9, atol=0))
    if found.size:
        return int(found[0])
    nearest = edges_keV[np.argmin(np.abs(edges_keV - energy_keV))]
    raise InputError(
        f"{energy_keV:g} {unit} is not the {which} edge of a bin",
        field="fit_range_keV",
        remedy=f"the nearest is {nearest:g} {unit}",
    )
