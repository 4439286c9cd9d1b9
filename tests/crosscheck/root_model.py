"""A model in ROOT: -ln L, its minima and CLs limits, by RooFit and RooStats alone.

What had to be set for ROOT to state the same problem (the rest is ROOT's default):

    global observables    the HS3 reader leaves them (and the γ among the nuisance parameters) out
    of the ModelConfig constant of -ln L     ROOT leaves Σ ln N! out negative templates    the
    reader makes every PiecewiseInterpolation "positive definite", that is zero where it is
                          negative: an interference term would be lost, hence
                              setPositiveDefinite(False)
    test statistic        q̃_μ (one-sided, μ̂ ≥ 0), Asimov data with the nuisance parameters fitted
    at μ = 0
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln

from exonu.statistics.workspaces.hs3 import root_name

BANDS = (-2.0, -1.0, 0.0, 1.0, 2.0)
GRID_POINTS = 81


@cache
def root() -> Any:
    """ROOT, without its messages and with Minuit2."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # "this distribution of ROOT is in alpha stage"
        import ROOT
    ROOT.gROOT.SetBatch(True)
    ROOT.gErrorIgnoreLevel = ROOT.kError
    ROOT.RooMsgService.instance().setGlobalKillBelow(ROOT.RooFit.ERROR)
    ROOT.Math.MinimizerOptions.SetDefaultMinimizer("Minuit2")
    ROOT.Math.MinimizerOptions.SetDefaultStrategy(1)
    ROOT.Math.MinimizerOptions.SetDefaultPrintLevel(-1)
    ROOT.RooStats.AsymptoticCalculator.SetPrintLevel(-1)
    return ROOT


class RootModel:
    """A model read from HS3.

    Args:
        document: HS3 JSON with one channel, from `to_hs3`.
    """

    TOLERANCE = (
        1e-4  # of RooMinimizer; times 1e-3 it is the estimated distance to the minimum in -ln L
    )
    # Minuit2 takes its gradients from finite differences and may have to start again where it
    # stopped
    ATTEMPTS = 4

    def __init__(self, document: Mapping[str, Any]) -> None:
        ROOT = root()
        self.workspace = ROOT.RooWorkspace("workspace")
        if not ROOT.RooJSONFactoryWSTool(self.workspace).importJSONfromString(json.dumps(document)):
            raise RuntimeError("ROOT did not read the HS3 document")
        for function in self.workspace.allFunctions():
            if function.InheritsFrom("PiecewiseInterpolation"):
                function.setPositiveDefinite(False)
        self.config = self.workspace.obj("analysis")
        self.poi = self.config.GetParametersOfInterest().first()
        self.data = next(iter(self.workspace.allData()))
        observables = {observable.GetName() for observable in self.config.GetObservables()}
        variables = [v for v in self.workspace.allVars() if v.GetName() not in observables]
        self.auxiliary = ROOT.RooArgSet([v for v in variables if v.GetName().startswith("nom_")])
        self.parameters = {v.GetName(): v for v in variables if not v.GetName().startswith("nom_")}
        nuisances = [v for v in self.parameters.values() if v.GetName() != self.poi.GetName()]
        self.config.SetGlobalObservables(self.auxiliary)
        self.config.SetNuisanceParameters(ROOT.RooArgSet(nuisances))
        self.start = {name: v.getVal() for name, v in self.parameters.items()}
        self.likelihood = self.config.GetPdf().createNLL(
            self.data, ROOT.RooFit.GlobalObservables(self.auxiliary)
        )
        counts = [self.data.weight(b) for b in range(self.data.numEntries())]
        self.constant = float(gammaln(np.array(counts) + 1.0).sum())

    def set(self, parameters: Mapping[str, float]) -> None:
        """Set parameters by their names in pyhf; ROOT would clip silently at a bound, this
        raises."""
        for name, value in parameters.items():
            variable = self.parameters.get(f"alpha_{name}") or self.parameters[root_name(name)]
            if not variable.getMin() <= value <= variable.getMax():
                raise ValueError(f"{name} = {value} is outside ROOT's range")
            variable.setVal(value)

    def nll(self, parameters: Mapping[str, float]) -> float:
        """-ln L, the constant Σ ln N! added."""
        self.set(parameters)
        return float(self.likelihood.getVal()) + self.constant

    def reset(self) -> None:
        """All parameters at their initial values."""
        for name, value in self.start.items():
            self.parameters[name].setVal(value)

    def minimum(self, mu: float | None = None, start: float = 1.0) -> tuple[float, float]:
        """Smallest -ln L at one μ, or of all μ (the minimum that is reached from `start`), and the
        μ there."""
        ROOT = root()
        self.reset()
        self.poi.setVal(start if mu is None else mu)
        self.poi.setConstant(mu is not None)
        minimiser = ROOT.RooMinimizer(self.likelihood)
        minimiser.setPrintLevel(-1)
        minimiser.setEps(self.TOLERANCE)
        minimiser.setStrategy(2)
        converged = any(minimiser.minimize("Minuit2", "Migrad") == 0 for _ in range(self.ATTEMPTS))
        self.poi.setConstant(False)
        if not converged:
            raise RuntimeError(f"Minuit2 did not converge in {self.ATTEMPTS} attempts")
        return float(self.likelihood.getVal()) + self.constant, float(self.poi.getVal())

    def crossings(
        self, reach: float, start: float, confidence_level: float
    ) -> tuple[list[float], list[list[float]]]:
        """Where RooStats' AsymptoticCalculator has CLs = 1 - confidence level: observed, and
        expected (-2 .. +2 σ).

        Args:
            reach: the μ up to which CLs is scanned for all crossings.
            start: μ where its free fit starts.
            confidence_level: of the limits.
        """
        ROOT = root()
        self.reset()
        signal, background = self.config.Clone("signal"), self.config.Clone("background")
        self.poi.setVal(start)
        signal.SetSnapshot(ROOT.RooArgSet(self.poi))
        self.poi.setVal(0.0)
        background.SetSnapshot(ROOT.RooArgSet(self.poi))
        calculator = ROOT.RooStats.AsymptoticCalculator(self.data, background, signal)
        calculator.SetOneSided(True)
        calculator.SetQTilde(True)
        expected_value = ROOT.RooStats.AsymptoticCalculator.GetExpectedPValues

        @cache
        def p_values(mu: float) -> tuple[float, float]:
            self.poi.setVal(mu)
            signal.SetSnapshot(ROOT.RooArgSet(self.poi))
            result = calculator.GetHypoTest()
            return float(result.NullPValue()), float(result.AlternatePValue())

        def all_crossings(cls: Callable[[float, float], float]) -> list[float]:
            def distance(mu: float) -> float:
                return float(np.log(max(cls(*p_values(mu)), 1e-300) / (1.0 - confidence_level)))

            grid = np.linspace(0.0, reach, GRID_POINTS)[1:].tolist()
            changes = [
                (low, high) for low, high in pairwise(grid) if distance(low) * distance(high) < 0.0
            ]
            return [float(brentq(distance, low, high, rtol=1e-8)) for low, high in changes]

        observed = all_crossings(lambda null, alternate: null / alternate)
        return observed, [
            all_crossings(lambda n, a, v=v: expected_value(n, a, v, True, True)) for v in BANDS
        ]
