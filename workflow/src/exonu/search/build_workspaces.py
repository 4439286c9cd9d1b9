"""From an experiment and an analysis's settings to all workspaces of one interaction."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from exonu.catalogue import SEARCHED, Line
from exonu.core.errors import InputError, raise_all
from exonu.core.files import write_text
from exonu.core.settings import Settings, read_yaml
from exonu.interactions import Physics
from exonu.search.experiment.binned_spectrum import Experiment
from exonu.search.fit_channels import fit_parts_meaning, modulated, over_slices, with_region
from exonu.search.plausibility.input_checks import INPUTS, SearchInputs
from exonu.search.signals import (
    Signal,
    SolarNeutrinos,
    flux_uncertainties,
    fold_signals,
    fold_solar_neutrinos,
    hypotheses,
)
from exonu.search.strengths import meaning_file
from exonu.search.studies.simulation_error import simulation_meaning
from exonu.search.workspace import Workspace, build_workspace


def build_workspaces(
    experiment: Experiment,
    interaction: str,
    settings: Mapping[str, Any],
    cases: list[tuple[str, float | None]] | None = None,
) -> list[Workspace]:
    """Workspaces of every flavour and mass of one interaction.

    Args:
        experiment: bins, data, backgrounds, response.
        interaction: one that is searched for.
        settings: settings of an analysis, with the blocks physics, interactions, systematics and
            blind.
        cases: flavours and masses, if not those of the settings.

    Raises:
        InputError: if a fit range does not begin and end at edges of bins, or a hypothesis expects
            no signal in any.
    """
    fit_range = settings["interactions"].get(interaction, {}).get("fit_range_keV")
    if fit_range is not None:
        experiment = experiment.within(*fit_range)
    if not settings["systematics"].get("control_regions", True):
        experiment = replace(experiment, regions=())
    physics = Physics.from_settings({**settings["physics"], "target": experiment.target})
    systematics = settings["systematics"]
    if cases is None:
        cases = hypotheses(interaction, settings["interactions"][interaction])
    block = settings["interactions"].get(interaction, {})
    fitted = experiment.flattened()

    def folded(one: Experiment) -> tuple[list[Signal], SolarNeutrinos]:
        signals = fold_signals(
            one, physics, interaction, cases,
            other_atomic=systematics["atomic_shape"], curve=block.get("rows", ()),
        )  # fmt: skip
        return signals, fold_solar_neutrinos(one, physics)

    uncertainties = flux_uncertainties(physics)

    def workspace(
        one: Experiment, signal: Signal, solar: SolarNeutrinos, strength: float | None = None
    ) -> Workspace:
        return build_workspace(
            one, signal, uncertainties, systematics,
            solar_neutrinos=None if one.includes_solar_neutrinos else solar,
            blind=bool(settings["blind"]), strength=strength,
        )  # fmt: skip

    signals, solar = folded(fitted)
    raise_all(_without_signal(signals, fitted))
    inputs = SearchInputs(experiment, physics, over_slices(solar, experiment))
    notes = [*experiment.notes, *INPUTS.notes(inputs), *_unknown_on_nuclei(experiment, interaction)]
    if experiment.slices and physics.reactor is None and physics.flux_table is None:
        signals, solar = modulated(experiment, interaction, signals, solar)
    made = [workspace(fitted, signal, solar) for signal in signals]
    for region in experiment.regions:
        in_region, solar_in_region = folded(region)
        for place, signal in enumerate(in_region):
            strength = float(made[place].meaning["reference_strength"])
            beside = workspace(region, signal, solar_in_region, strength)
            made[place] = with_region(made[place], region.name, beside)
    for one in made:
        one.meaning["bins_keV"] = np.transpose([fitted.low_keV, fitted.high_keV]).tolist()
        one.meaning["notes"] = list(notes)
        one.meaning["axis_label"] = experiment.axis_label
        one.meaning.update(simulation_meaning(experiment))
        one.meaning.update(fit_parts_meaning(experiment))
        if fit_range is not None:
            one.meaning["fit_range_keV"] = [float(end) for end in fit_range]
    return made


def _unknown_on_nuclei(experiment: Experiment, interaction: str) -> Iterator[str]:
    """An experiment that sees nuclear recoils, and an interaction of which nothing is known there."""
    one = SEARCHED[interaction]
    if experiment.nuclear is not None and one.by_neutrinos and one.nuclear is None:
        yield (
            f"what a {one.title} does to nuclei is not in the catalogue: its signal is that of electrons "
            "alone, though the experiment sees nuclear recoils"
        )


def _without_signal(signals: list[Signal], experiment: Experiment) -> Iterator[InputError]:
    """A hypothesis that expects nothing in any bin has no limit, and whoever reads one is misled."""
    for signal in signals:
        if not signal.linear.any() and (signal.quadratic is None or not signal.quadratic.any()):
            yield InputError(
                f"expects no signal in any bin from {experiment.low_keV.min():g} to "
                f"{experiment.high_keV.max():g} {experiment.unit}, so that no limit on it exists",
                field=f"{experiment.name}, {signal.name}",
                remedy="give masses whose lines are in the bins"
                if isinstance(SEARCHED[signal.interaction].formula, Line)
                else "check the efficiency, the energies of the bins and true_energy_minimum_keV",
            )


def write_meaning(folder: Path, workspace: Workspace) -> None:
    """Write the sidecar file of a workspace."""
    head = "# What the parameters of the workspace beside this file mean; see results/README.md.\n"
    text = yaml.safe_dump(workspace.meaning, sort_keys=False, allow_unicode=True)
    write_text(meaning_file(folder / f"{workspace.name}.json"), head + text)


def read_meaning(workspace_file: str | Path) -> Settings | None:
    """Read the sidecar file of a workspace; None if there is none.

    Raises:
        InputError: if it is not a page of this form.
    """
    file = meaning_file(workspace_file)
    if not file.is_file():
        return None
    meaning = read_yaml(file)
    if not isinstance(meaning.get("poi_map"), dict):
        raise InputError(
            "is missing or no mapping",
            file=file,
            field="poi_map",
            remedy="for example `mu_sq: mu**2`",
        )
    raise_all(_misspelt(meaning, file))
    if meaning.keys() & {"interaction", "reference_strength"}:
        raise_all(_unit_faults(meaning, file))
    return meaning


_PAGE_KEYS = ("interaction", "reference_strength", "power", "poi_map", "blinded", "is_simulated")


def _misspelt(meaning: Settings, file: Path) -> Iterator[InputError]:
    """A key nearly that of a page: without the right one, μ would silently stand for nothing
    else."""
    for key in meaning.keys() - set(_PAGE_KEYS):
        for near in difflib.get_close_matches(key, _PAGE_KEYS, n=1, cutoff=0.8):
            if near not in meaning:
                remedy = f"did you mean `{near}`?"
                yield InputError("is not a known key", file=file, field=key, remedy=remedy)


def _unit_faults(meaning: Settings, file: Path) -> Iterator[InputError]:
    """What turns μ into a physical parameter."""
    for name in ("reference_strength", "power"):
        value = meaning.get(name)
        if not isinstance(value, int | float) or value <= 0:
            yield InputError(
                f"must be a number > 0 (got {value!r})",
                file=file,
                field=name,
                remedy="μ = (strength / reference)**power",
            )
    if isinstance(meaning.get("power"), int | float) and meaning["power"] not in (1, 2):
        yield InputError(
            f"must be 1 or 2 (got {meaning['power']!r})",
            file=file,
            field="power",
            remedy="μ is proportional to the strength or to its square",
        )
    known = [name for name in SEARCHED if name == meaning.get("interaction")]
    if not known:
        yield InputError(
            f"must be one of {', '.join(SEARCHED)} (got {meaning.get('interaction')!r})", file=file,
            field="interaction", remedy="remove reference_strength if μ stands for nothing else",
        )  # fmt: skip


def needed_meaning(workspace_file: str | Path) -> Settings:
    """Read the sidecar file of a workspace.

    Raises:
        InputError: if there is none.
    """
    meaning = read_meaning(workspace_file)
    if meaning is None:
        remedy = "make the workspaces again with snakemake"
        raise InputError("is missing", file=meaning_file(workspace_file), remedy=remedy)
    return meaning
