"""Statistical inference on pyhf workspaces: fits, limits, toys and diagnostics in milliseconds.

>>> from exonu.statistics import compile_workspace, fit, upper_limit
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "Model": "model",
    "NewtonOptimizer": "plugin",
    "compile_workspace": "model",
    "compile_specification": "model",
    "FitResult": "fitting",
    "Limit": "limits",
    "cls": "limits",
    "upper_limit": "limits",
    "fit": "fitting",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Names are loaded when they are used: nothing here imports numba, pyhf or pandas before that."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
