"""Statistical inference on pyhf workspaces: fits, limits, toys and diagnostics in milliseconds.

>>> from exonu.statistics import compile_workspace, fit, upper_limit
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "NewtonOptimizer": "plugin",
    "Model": "model",
    "compile_workspace": "model",
    "compile_specification": "model",
    "FitResult": "fitting",
    "fit": "fitting",
    "Limit": "limits",
    "upper_limit": "limits",
    "cls": "limits",
    "ToyCls": "toys",
    "ToyLimit": "toys",
    "toy_cls": "toys",
    "toy_limit": "toys",
    "limit_from_points": "toys",
    "AlternativeLimit": "alternatives",
    "delta_chi2_limit": "alternatives",
    "bayes_limit": "alternatives",
    "Impact": "diagnostics",
    "Impacts": "diagnostics",
    "Pull": "diagnostics",
    "Scan": "diagnostics",
    "correlation_table": "diagnostics",
    "impacts": "diagnostics",
    "pulls": "diagnostics",
    "scan_1d": "diagnostics",
    "scan_2d": "diagnostics",
    "GoodnessOfFit": "predictions",
    "Yields": "predictions",
    "goodness_of_fit": "predictions",
    "grouped_yields": "predictions",
    "yields": "predictions",
    "Coverage": "covering",
    "coverage": "covering",
    "toy_coverage": "covering",
    "Injection": "injecting",
    "Recovered": "injecting",
    "inject": "injecting",
    "mean_and_width": "injecting",
    "recover": "injecting",
    "released": "injecting",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Names are loaded when they are used: nothing here imports numba, pyhf or pandas before that."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
