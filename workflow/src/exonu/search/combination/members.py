"""The experiments of a combination, and their joined workspaces of every hypothesis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exonu.core.settings import merged
from exonu.search.analysis import Analysis
from exonu.search.build_workspaces import build_workspaces
from exonu.search.combination.joining import Part, join
from exonu.search.experiment.binned_spectrum import Experiment
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.workspace import Workspace


@dataclass(frozen=True)
class Member:
    """An experiment of a combination.

    Attributes:
        experiment: its spectrum.
        file: where it came from, for messages.
        fit_ranges_keV: lowest and highest energy of its fit, by interaction; all its bins where
            there is none.
        blind: whether its observed counts are replaced by the expected background.
    """

    experiment: Experiment
    file: str | Path
    fit_ranges_keV: Mapping[str, Sequence[float]] = field(default_factory=dict)
    blind: bool = False


def member_settings(analysis: Analysis) -> dict[str, Any]:
    """What a combination takes over from the analysis of one of its experiments: its fit ranges,
    and whether it is blind. Physics, systematics and hypotheses are those of the combination."""
    ranges = {
        name: list(block["fit_range_keV"])
        for name, block in analysis.settings["interactions"].items()
        if block.get("fit_range_keV") is not None
    }
    return {"fit_ranges_keV": ranges, "blind": bool(analysis.settings["blind"])}


def read_member(file: str | Path, settings: Mapping[str, Any] | None = None) -> Member:
    """An experiment's file (YAML, or `experiment.json` of an analysis of events) as a member, with
    `member_settings` of its analysis if it has one."""
    return Member(read_experiment(file), file, **(settings or {}))


def combined_workspaces(
    members: Sequence[Member],
    interaction: str,
    settings: Mapping[str, Any],
    cases: list[tuple[str, float | None]] | None = None,
) -> list[Workspace]:
    """Joined workspaces of every flavour and mass of one interaction.

    Args:
        members: the experiments, in any order.
        interaction: one that is searched for.
        settings: settings of the combination, with the blocks physics, interactions, systematics,
            blind and combination.
        cases: flavours and masses, if not those of the settings.

    Raises:
        InputError: as `join`.
    """
    parts = [parts_of(member, interaction, settings, cases) for member in members]
    shared = settings["combination"]["shared"]
    return [join(hypothesis, shared) for hypothesis in zip(*parts, strict=True)]


def parts_of(
    member: Member,
    interaction: str,
    settings: Mapping[str, Any],
    cases: list[tuple[str, float | None]] | None = None,
) -> list[Part]:
    """The workspaces of one experiment, with the physics of the combination and its own fit
    range."""
    own: dict[str, Any] = {"blind": bool(settings["blind"]) or member.blind}
    if interaction in member.fit_ranges_keV:
        block = {"fit_range_keV": list(member.fit_ranges_keV[interaction])}
        own["interactions"] = {interaction: block}
    made = build_workspaces(member.experiment, interaction, merged(settings, own), cases)
    return [Part(member.experiment.name, one.spec, one.meaning, member.file) for one in made]
