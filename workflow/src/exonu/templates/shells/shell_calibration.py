"""Systematics of the wall measured in shells outside the fiducial volume, before the search.

A source in the liquid shows the optics, but not the gaps of the wall behind which decays are. How many
of their events are found at which radius does: data between the wall and the fiducial volume, none of
which is in the fit, against the samples of the variations. What the source has found is known here, so
that both together have one central value and one covariance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exonu.core.errors import InputError
from exonu.core.files import plain, write_csv, write_json
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.templates.calibrated_effects import CalibratedOptics
from exonu.templates.channel_filling import Filling
from exonu.templates.filling import effects_on, fill_sample, observed_counts
from exonu.templates.paired_sums import LARGEST_RATIO, LEAST_KNOWN, SMALLEST_RATIO
from exonu.templates.shells.shell_fit import Background, Prior, Response, ShellFit, fit_shells
from exonu.templates.simulated_samples import Sources
from exonu.templates.systematics import Effect

if TYPE_CHECKING:
    import pandas as pd

FREE = 1.0
"""Relative uncertainty of an activity without a prior."""
LEAST = 10.0
"""Events expected in a cell, below which it is left out: counts are taken as Gaussian."""


def shell_calibration(
    settings: Settings, sources: Sources, output: str | Path, table: str | Path
) -> None:
    """Run the job of the step `shell_calibration`.

    Args:
        settings: of `shell_settings.shell_settings`.
        sources: reconstructed events; `optics` is what the source found.
        output: JSON of the results, with the keys of the calibration of the optics.
        table: CSV of the counts by shell and energy, before and after the fit.

    Raises:
        InputError: too few events in every cell, a systematic that no component of the shells shows.
    """
    data, backgrounds = _cells(settings, sources)
    expected = np.sum([one.counts for one in backgrounds], axis=0)
    used = expected >= LEAST
    if not used.any():
        raise InputError(
            f"expect at most {expected.max():.2g} events in a cell, and {LEAST:g} are needed",
            file=settings["file"], field="shells",
            remedy="take wider shells or wider ranges of energy, or more live time",
        )  # fmt: skip
    prior = _prior(settings, backgrounds, sources.optics)
    missing = [
        name
        for name in settings["measured"]
        if not any(name in one.responses for one in backgrounds)
    ]
    if missing:
        raise InputError(
            f"changes no background in the shells, and {missing[0]!r} is to be measured there",
            file=settings["file"], field=f"systematics ({missing[0]}).from_shells",
            remedy="simulate more of its variations, or remove `from_shells`",
        )  # fmt: skip
    fit = fit_shells(data[used], [_only(one, used) for one in backgrounds], prior)
    write_csv(table, _table(settings, data, expected, used, fit))
    write_json(output, plain(_record(settings, fit, sources.optics, int(np.sum(~used)))))


def _cells(settings: Settings, sources: Sources) -> tuple[Array, list[Background]]:
    """Counts of the data, and the backgrounds with what systematics do to them; shell by shell, all
    energies of the first one first."""
    jobs = [Filling(one, sources) for one in settings["shells"]]
    whole = Filling(settings["spectrum"], sources)
    observed = observed_counts([whole, *jobs])[1:]
    data = np.concatenate([one for one in observed if one is not None])
    live_days, priors = settings["spectrum"]["live_days"], settings["priors"]
    backgrounds = []
    for row in settings["nominal"]:
        sums, _ = fill_sample(jobs, row)
        component = row["components"][0]
        effects = effects_on(jobs, component, [mine.of_effects for mine in sums])
        known = priors[row["name"]]
        scale = live_days * known["activity"]
        size = FREE if known["uncertainty"] is None else known["uncertainty"]
        flat = {name: _flat(one, len(data)) for name, one in jobs[0].norms(component).items()}
        backgrounds.append(
            Background(
                row["name"],
                scale * np.concatenate([mine.spectrum.values for mine in sums]),
                scale * np.concatenate([mine.spectrum.errors for mine in sums]),
                _responses(effects) | flat,
                size,
            )
        )
    return data, backgrounds


def _flat(size: float, n: int) -> Response:
    """A factor that is the same in all cells."""
    return Response(np.full(n, 1 + size), np.full(n, 1 / (1 + size)), np.zeros(n))


def _responses(effects: Sequence[Sequence[Effect]]) -> dict[str, Response]:
    """What each systematic does to a background in all shells, from its effects in each of them."""
    made = {}
    for together in zip(*effects, strict=True):
        if not any(one.is_kept for one in together):
            continue
        up, up_error, down, down_error = (
            np.concatenate([getattr(one, name) for one in together])
            for name in ("up", "up_error", "down", "down_error")
        )
        ratios = [np.clip(1 + change, SMALLEST_RATIO, LARGEST_RATIO) for change in (up, down)]
        errors = [
            np.where(np.isfinite(error), np.minimum(error / ratio, LEAST_KNOWN), LEAST_KNOWN)
            for error, ratio in zip((up_error, down_error), ratios, strict=True)
        ]
        # where one direction is the inverse of the other, so is its error
        inverse = np.isclose(ratios[0] * ratios[1], 1, rtol=1e-9)
        noise = np.where(inverse, errors[0], np.hypot(*errors) / 2)
        made[together[0].systematic.name] = Response(ratios[0], ratios[1], noise)
    return made


def _prior(
    settings: Settings, backgrounds: Sequence[Background], optics: CalibratedOptics | None
) -> Prior:
    """One standard deviation of every systematic that changes something; of those that the source
    measures, what it found."""
    calibrated = tuple(settings["calibrated"]) if optics is not None else ()
    others = dict.fromkeys([*settings["measured"], *(n for b in backgrounds for n in b.responses)])
    names = (*calibrated, *(name for name in others if name not in calibrated))
    central, covariance = np.zeros(len(names)), np.eye(len(names))
    if optics is not None:
        places = [optics.names.index(name) for name in calibrated]
        central[: len(places)] = optics.central[places]
        covariance[: len(places), : len(places)] = optics.covariance[np.ix_(places, places)]
    return Prior(names, central, covariance)


def _only(one: Background, used: Array) -> Background:
    responses = {
        name: Response(r.up[used], r.down[used], r.noise[used]) for name, r in one.responses.items()
    }
    return replace(one, counts=one.counts[used], error=one.error[used], responses=responses)


def _record(
    settings: Settings, fit: ShellFit, optics: CalibratedOptics | None, left_out: int
) -> dict[str, Any]:
    """What is calibrated, by the source or here, with the keys of `optics.json`; of all other parameters
    what the fit made of them."""
    activities = {
        f"{row['name'].replace('_', '-')}-norm": (row["name"], row["components"][0])
        for row in settings["nominal"]
        if row["components"][0] in settings["activities"]
    }
    order = [
        *activities,
        *(settings["calibrated"] if optics is not None else ()),
        *settings["measured"],
    ]
    places = [fit.names.index(name) for name in order]
    values = {
        name: {"central": m, "error": s, "noise": noise}
        for name, m, s, noise in zip(fit.names, fit.central, fit.error, fit.noise, strict=True)
    }
    parameters: dict[str, dict[str, Any]] = {}
    for name in order:
        parameters[name] = dict(values[name])
        if name in activities:
            row, component = activities[name]
            size = settings["priors"][row]["uncertainty"]
            parameters[name]["description"] = f"activity of {component} ± {100 * size:g} %"
            parameters[name] |= {"component": component, "size": size}
        else:
            parameters[name]["description"] = settings["descriptions"][name]
    covariance = fit.covariance[np.ix_(places, places)]
    notes = [*(optics.notes if optics is not None else ()), *fit.notes(order)]
    if left_out:
        notes.append(
            f"shells: {left_out} cells expect fewer than {LEAST:g} events and are left out"
        )
    return {
        "name": settings["name"],
        "is_simulated": settings["is_simulated"],
        "order": order,
        "parameters": parameters,
        "covariance": covariance,
        "correlation": covariance / np.outer(fit.error[places], fit.error[places]),
        "others": {name: one for name, one in values.items() if name not in order},
        "chi2": fit.chi2,
        "degrees": fit.degrees,
        "p_value": fit.p_value,
        "scale_of_errors": fit.scale,
        "vertex_scale": None if optics is None else {"uncertainty": optics.vertex_scale},
        "notes": notes,
    }


def _table(
    settings: Settings, data: Array, expected: Array, used: Array, fit: ShellFit
) -> pd.DataFrame:
    import pandas as pd

    rows = [
        (*shell, *energies)
        for shell in pairwise(settings["edges"])
        for energies in pairwise(settings["edges_keV"])
    ]
    variable = settings["variable"]
    columns = [f"{variable}_low", f"{variable}_high", "energy_low_keVee", "energy_high_keVee"]
    made = pd.DataFrame(rows, columns=columns)
    made["data"] = data
    made["expected"] = expected
    for name, values in (
        ("before", fit.before), ("before_error", fit.before_error),
        ("after", fit.after), ("after_error", fit.after_error),
    ):  # fmt: skip
        made.loc[used, name] = values
    return made
