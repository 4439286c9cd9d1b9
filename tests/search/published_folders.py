"""A template of `exonu init` that tests of published forms change, and what they compare."""

import numpy as np
import pytest
import yaml

from exonu.core.settings import merged
from exonu.search.analysis import default_settings
from exonu.search.build_workspaces import build_workspaces
from exonu.search.experiment.read_experiment import read_experiment
from exonu.statistics import compile_workspace, upper_limit

SEARCH = {"interactions": {"magnetic-moment": {"flavours": ["all"]}}, "blind": False}
SPECTRUM = ("energy_low_keV", "energy_high_keV", "observed_events", "background_events")


def edit(folder, **blocks):
    """The experiment's YAML with blocks merged in; a key whose value is None is taken out."""
    file = folder / "experiment.yaml"
    content = merged(yaml.safe_load(file.read_text()), blocks)

    def without_none(part):
        if not isinstance(part, dict):
            return part
        return {key: without_none(value) for key, value in part.items() if value is not None}

    file.write_text(yaml.safe_dump(without_none(content), sort_keys=False))
    return file


def workspace(folder):
    experiment = read_experiment(folder / "experiment.yaml")
    settings = merged(default_settings(), SEARCH)
    [made] = build_workspaces(experiment, "magnetic-moment", settings)
    return made


def sample(made, name="flat"):
    [found] = [one for one in made.spec["channels"][0]["samples"] if one["name"] == name]
    return found


def limit(made):
    found = upper_limit(compile_workspace(made.spec))
    strength = made.meaning["reference_strength"]
    return strength * np.sqrt([found.observed, *found.expected])


def same_spec(one, other):
    """Equal but for the rounding of sums and factors."""
    assert one.meaning["reference_strength"] == other.meaning["reference_strength"]
    assert _flat(one.spec) == pytest.approx(_flat(other.spec), rel=1e-9, abs=1e-9)


def _flat(part, place=""):
    if isinstance(part, dict):
        return {k: v for key in part for k, v in _flat(part[key], f"{place}/{key}").items()}
    if isinstance(part, list):
        return {k: v for i, one in enumerate(part) for k, v in _flat(one, f"{place}/{i}").items()}
    return {place: part} if isinstance(part, int | float) else {f"{place}={part}": 0}


def write_columns(file, header, columns, sign=","):
    rows = [sign.join(f"{value:.12g}" for value in row) for row in zip(*columns, strict=True)]
    file.write_text("\n".join([header, *rows]) + "\n")
