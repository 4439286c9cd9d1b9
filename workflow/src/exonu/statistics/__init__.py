"""Statistical inference on pyhf workspaces: fits, limits, toys and diagnostics in milliseconds.

>>> from exonu.statistics import compile_workspace, fit, upper_limit
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "NewtonOptimizer": "plugin",
    "Model": "workspaces.compiled_model",
    "compile_workspace": "workspaces.compiled_model",
    "compile_specification": "workspaces.compiled_model",
    "FitResult": "fitting",
    "fit": "fitting",
    "Limit": "asymptotic",
    "upper_limit": "asymptotic",
    "cls": "asymptotic",
    "ToyCls": "toys",
    "ToyLimit": "toys",
    "toy_cls": "toys",
    "toy_limit": "toys",
    "limit_from_points": "toys",
    "AlternativeLimit": "alternatives",
    "delta_chi2_limit": "alternatives",
    "bayes_limit": "alternatives",
    "Impact": "nuisance_impacts",
    "Impacts": "nuisance_impacts",
    "Pull": "nuisance_impacts",
    "Scan": "nuisance_impacts",
    "correlation_table": "nuisance_impacts",
    "impacts": "nuisance_impacts",
    "pulls": "nuisance_impacts",
    "scan_1d": "nuisance_impacts",
    "scan_2d": "nuisance_impacts",
    "GoodnessOfFit": "predictions",
    "Yields": "predictions",
    "goodness_of_fit": "predictions",
    "grouped_yields": "predictions",
    "yields": "predictions",
    "Coverage": "toy_coverages",
    "coverage": "toy_coverages",
    "toy_coverage": "toy_coverages",
    "Injection": "recovery",
    "Recovered": "recovery",
    "inject": "recovery",
    "mean_and_width": "recovery",
    "recover": "recovery",
    "released": "recovery",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Names are loaded when they are used: nothing here imports numba, pyhf or pandas before
    that."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
