"""What the jobs of `snakemake inject` read: which signals are injected, how strong, and into which
runs.

A case is a hypothesis with a multiple of its median expected limit, `millicharge_all_x2`. Strengths
are multiples of
μ, to which the rate is proportional: twice the limit has twice its events, and √2 of its charge or
    magnetic moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exonu.core.errors import InputError
from exonu.core.seeds import derived_seed
from exonu.core.settings import Settings
from exonu.events.runs.event_inputs import EventInputs
from exonu.events.runs.simulation_settings import simulate_settings
from exonu.search.signals import hypotheses, hypothesis_name
from exonu.search.strengths import strength

DIGITS = 4
"""Significant digits of an injected strength: a limit that moves by less than that simulates
nothing again."""


@dataclass(frozen=True)
class Injected:
    """An injected signal.

    Attributes:
        hypothesis: name of its workspace.
        multiple: μ in units of the median expected limit.
        strength, mu: the physical parameter, and the μ of the workspace that it is.
        interaction, flavour: as in the workspace's page.
    """

    hypothesis: str
    multiple: float
    strength: float
    mu: float
    interaction: str
    flavour: str

    @property
    def scattering(self) -> Settings:
        """Arguments of `exonu.simulation.components.injected`."""
        return {"interaction": self.interaction, "flavour": self.flavour, "strength": self.strength}


def injected_hypotheses(settings: Mapping[str, Any]) -> list[str]:
    """Hypotheses of the block `injection` that the analysis searches for, in the block's order.

    Args:
        settings: of the analysis.
    """
    searched = {
        hypothesis_name(interaction, *case)
        for interaction, block in settings["interactions"].items()
        for case in hypotheses(interaction, block)
    }
    return [name for name in settings["statistics"]["injection"]["hypotheses"] if name in searched]


def injected_cases(settings: Mapping[str, Any]) -> list[str]:
    """Names of the cases whose signals are simulated: all but those without a signal."""
    multiples = [
        multiple for multiple in settings["statistics"]["injection"]["strengths"] if multiple > 0
    ]
    return [
        case_name(name, multiple)
        for name in injected_hypotheses(settings)
        for multiple in multiples
    ]


def case_name(hypothesis: str, multiple: float) -> str:
    """Name of a case.

    >>> case_name("millicharge_all", 2), split_case("millicharge_all_x2")
    ('millicharge_all_x2', ('millicharge_all', 2.0))
    """
    return f"{hypothesis}_x{multiple:g}"


def split_case(case: str) -> tuple[str, float]:
    """The reverse of `case_name`."""
    hypothesis, _, multiple = case.rpartition("_x")
    return hypothesis, float(multiple)


def injected_signal(
    records: Sequence[Mapping[str, Any]], hypothesis: str, multiple: float
) -> Injected:
    """What a case injects.

    Args:
        records: limits of the interaction, `limits/<interaction>.json`.
        hypothesis, multiple: the case.

    Raises:
        InputError: if the hypothesis has no median expected limit.
    """
    [record] = [record for record in records if record["name"] == hypothesis]
    median = median_limit(record)
    meaning = record["meaning"]
    exact = strength(multiple * median, meaning)
    rounded = float(f"{exact:.{DIGITS}g}")
    mu = (rounded / meaning["reference_strength"]) ** meaning["power"]
    return Injected(hypothesis, multiple, rounded, mu, meaning["interaction"], meaning["flavour"])


def median_limit(record: Mapping[str, Any]) -> float:
    """The median expected limit on μ of a record of `limits/<interaction>.json`."""
    expected = record["methods"]["asymptotic"]["expected"][2]
    if expected is None:
        raise InputError(
            "has no median expected limit, of which a multiple is injected", field=record["name"],
            remedy="see its record in limits/, or take it out of statistics.injection.hypotheses",
        )  # fmt: skip
    return float(expected)


def injected_simulate_settings(
    inputs: EventInputs, seed: int, run: int, signal: Injected
) -> Settings:
    """Settings of the step `simulate` for the signal of a case alone, in the live time and detector
    of a run.

    Args:
        inputs: of the analysis.
        seed: of the analysis; the case's own follows from it.
        run: number of a physics run.
        signal: what is injected.
    """
    own_seed = derived_seed(seed, f"injection/{case_name(signal.hypothesis, signal.multiple)}")
    settings = simulate_settings(inputs, own_seed, run=run)
    stream = {**settings["stream"], "components": [], "light_from_tables_above_keV": {}}
    return settings | {
        "stream": stream,
        "activities": {},
        "factors": {},
        "injected": signal.scattering,
    }


def ingest_settings(inputs: EventInputs, run: int, file: str) -> Settings:
    """Settings of the step `ingest` for the signal of a case: those of the run, but for its
    file."""
    settings = inputs.ingest_settings(run=run)
    return settings | {"runs": [row | {"files": [file]} for row in settings["runs"]]}
