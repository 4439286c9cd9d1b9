"""Statistical inference on pyhf workspaces: fits, limits, toys and diagnostics in milliseconds.

>>> from exonu.statistics import compile_workspace, fit, upper_limit
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exonu.statistics.alternatives import AlternativeLimit as AlternativeLimit
    from exonu.statistics.alternatives import bayes_limit as bayes_limit
    from exonu.statistics.alternatives import delta_chi2_limit as delta_chi2_limit
    from exonu.statistics.asymptotic import Limit as Limit
    from exonu.statistics.asymptotic import cls as cls
    from exonu.statistics.asymptotic import upper_limit as upper_limit
    from exonu.statistics.fitting import FitResult as FitResult
    from exonu.statistics.fitting import fit as fit
    from exonu.statistics.intervals.convention_coverage import (
        convention_coverage as convention_coverage,
    )
    from exonu.statistics.intervals.discovery import Discovery as Discovery
    from exonu.statistics.intervals.discovery import ToyDiscovery as ToyDiscovery
    from exonu.statistics.intervals.discovery import discovery as discovery
    from exonu.statistics.intervals.discovery import toy_discovery as toy_discovery
    from exonu.statistics.intervals.feldman_cousins import FeldmanCousins as FeldmanCousins
    from exonu.statistics.intervals.feldman_cousins import ToyPoint as ToyPoint
    from exonu.statistics.intervals.feldman_cousins import feldman_cousins as feldman_cousins
    from exonu.statistics.intervals.feldman_cousins import (
        interval_from_values as interval_from_values,
    )
    from exonu.statistics.intervals.feldman_cousins import toy_point as toy_point
    from exonu.statistics.intervals.mass_scan import MassScan as MassScan
    from exonu.statistics.intervals.mass_scan import mass_scan as mass_scan
    from exonu.statistics.intervals.two_sided import UnifiedInterval as UnifiedInterval
    from exonu.statistics.intervals.two_sided import power_constrained as power_constrained
    from exonu.statistics.intervals.two_sided import two_sided_interval as two_sided_interval
    from exonu.statistics.nuisance_impacts import Impact as Impact
    from exonu.statistics.nuisance_impacts import Impacts as Impacts
    from exonu.statistics.nuisance_impacts import Pull as Pull
    from exonu.statistics.nuisance_impacts import Scan as Scan
    from exonu.statistics.nuisance_impacts import correlation_table as correlation_table
    from exonu.statistics.nuisance_impacts import impacts as impacts
    from exonu.statistics.nuisance_impacts import pulls as pulls
    from exonu.statistics.nuisance_impacts import scan_1d as scan_1d
    from exonu.statistics.nuisance_impacts import scan_2d as scan_2d
    from exonu.statistics.plugin import NewtonOptimizer as NewtonOptimizer
    from exonu.statistics.predictions import GoodnessOfFit as GoodnessOfFit
    from exonu.statistics.predictions import Yields as Yields
    from exonu.statistics.predictions import goodness_of_fit as goodness_of_fit
    from exonu.statistics.predictions import grouped_yields as grouped_yields
    from exonu.statistics.predictions import yields as yields
    from exonu.statistics.profiles import ProfilePair as ProfilePair
    from exonu.statistics.profiles import profile_pair as profile_pair
    from exonu.statistics.recovery import Injection as Injection
    from exonu.statistics.recovery import Recovered as Recovered
    from exonu.statistics.recovery import inject as inject
    from exonu.statistics.recovery import mean_and_width as mean_and_width
    from exonu.statistics.recovery import recover as recover
    from exonu.statistics.recovery import released as released
    from exonu.statistics.toy_coverages import Coverage as Coverage
    from exonu.statistics.toy_coverages import coverage as coverage
    from exonu.statistics.toy_coverages import toy_coverage as toy_coverage
    from exonu.statistics.toys import ToyCls as ToyCls
    from exonu.statistics.toys import ToyLimit as ToyLimit
    from exonu.statistics.toys import limit_from_points as limit_from_points
    from exonu.statistics.toys import toy_cls as toy_cls
    from exonu.statistics.toys import toy_limit as toy_limit
    from exonu.statistics.workspaces.compiled_model import Model as Model
    from exonu.statistics.workspaces.compiled_model import (
        compile_specification as compile_specification,
    )
    from exonu.statistics.workspaces.compiled_model import compile_workspace as compile_workspace

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
    "ProfilePair": "profiles",
    "profile_pair": "profiles",
    "UnifiedInterval": "intervals.two_sided",
    "two_sided_interval": "intervals.two_sided",
    "power_constrained": "intervals.two_sided",
    "FeldmanCousins": "intervals.feldman_cousins",
    "ToyPoint": "intervals.feldman_cousins",
    "feldman_cousins": "intervals.feldman_cousins",
    "interval_from_values": "intervals.feldman_cousins",
    "toy_point": "intervals.feldman_cousins",
    "Discovery": "intervals.discovery",
    "ToyDiscovery": "intervals.discovery",
    "discovery": "intervals.discovery",
    "toy_discovery": "intervals.discovery",
    "MassScan": "intervals.mass_scan",
    "mass_scan": "intervals.mass_scan",
    "convention_coverage": "intervals.convention_coverage",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    """Names are loaded when they are used: nothing here imports numba, pyhf or pandas before
    that."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
