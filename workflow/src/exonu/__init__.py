"""exonu: exotic interactions of solar neutrinos in liquid-xenon detectors.

What a notebook starts with is here; each name is loaded when it is used, so that the import costs
nothing:

>>> from exonu import limit, recoil_rate
>>> recoil_rate("magnetic-moment", [1.0, 2.0], strength=1e-11).round(1)  # events/(tonne year keV)
array([9.4, 5.2])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exonu.catalogue.own_interactions import declare_interaction as declare_interaction
    from exonu.catalogue.own_interactions import interaction_names as interaction_names
    from exonu.core.errors import InputError as InputError
    from exonu.detector import Efficiency as Efficiency
    from exonu.front_door import SearchLimit as SearchLimit
    from exonu.front_door import limit as limit
    from exonu.front_door import open_workspace as open_workspace
    from exonu.interactions import Physics as Physics
    from exonu.interactions import recoil_rate as recoil_rate
    from exonu.search.build_workspaces import build_workspaces as build_workspaces
    from exonu.search.experiment.binned_spectrum import Background as Background
    from exonu.search.experiment.binned_spectrum import Experiment as Experiment
    from exonu.search.experiment.from_arrays import make_experiment as make_experiment
    from exonu.search.experiment.read_experiment import published_experiment as published_experiment
    from exonu.search.experiment.read_experiment import read_experiment as read_experiment
    from exonu.statistics import FitResult as FitResult
    from exonu.statistics import Limit as Limit
    from exonu.statistics import Model as Model
    from exonu.statistics import cls as cls
    from exonu.statistics import compile_workspace as compile_workspace
    from exonu.statistics import fit as fit
    from exonu.statistics import upper_limit as upper_limit

__version__ = "0.2.0"

_HOME = {
    "InputError": "core.errors",
    "SearchLimit": "front_door",
    "declare_interaction": "catalogue.own_interactions",
    "interaction_names": "catalogue.own_interactions",
    "limit": "front_door",
    "make_experiment": "search.experiment.from_arrays",
    "open_workspace": "front_door",
    "published_experiment": "search.experiment.read_experiment",
    "Efficiency": "detector",
    "Physics": "interactions",
    "recoil_rate": "interactions",
    "build_workspaces": "search.build_workspaces",
    "Background": "search.experiment.binned_spectrum",
    "Experiment": "search.experiment.binned_spectrum",
    "read_experiment": "search.experiment.read_experiment",
    "FitResult": "statistics",
    "Limit": "statistics",
    "Model": "statistics",
    "cls": "statistics",
    "compile_workspace": "statistics",
    "fit": "statistics",
    "upper_limit": "statistics",
}

__all__ = ["__version__", *sorted(_HOME)]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
