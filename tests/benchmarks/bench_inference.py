"""Speed of the inference engine, with ratios to pyhf (numpy, SLSQP) in the same process.

    OPENBLAS_NUM_THREADS=1 python tests/benchmarks/bench_inference.py

The model is that of docs/inference.md: 99 bins, 9 samples, 20 nuisance parameters and μ, with
staterror 120 parameters. Of pyhf are measured fits, one hypothesis test at the limit, and toys one
by one. Its whole limit is extrapolated: its own root search (`toms748_scan`) is run on the same
model with our minimiser and its hypothesis tests are counted."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from collections.abc import Iterator
from typing import Any

import jax_peer
import numpy as np
import root_peer
from benchmarking import Record, cpu_seconds, main, times

from exonu.statistics import (
    Model,
    NewtonOptimizer,
    compile_workspace,
    fit,
    impacts,
    toy_cls,
    upper_limit,
)
from exonu.statistics.engine.backend import thread_count
from exonu.statistics.examples import recoil_workspace

LEVEL, TOYS, MASSES, GROUP = 0.90, 1000, 60, "inference"
FIT, LIMIT = "free fit, 120 parameters", "90 % CLs limit with bands"


class Pyhf:
    """The same workspace in pyhf."""

    def __init__(self, workspace: dict[str, Any]) -> None:
        import pyhf

        self.pyhf = pyhf
        made = pyhf.Workspace(workspace)
        self.model = made.model()
        self.data = made.data(self.model)

    def fit(self) -> None:
        """A free fit; keeps the minimum of -ln L."""
        _, twice = self.pyhf.infer.mle.fit(self.data, self.model, return_fitted_val=True)
        self.minimum = float(twice) / 2

    def hypotest(self, mu: float) -> None:
        """CLs at one μ, observed and the five expected."""
        self.pyhf.infer.hypotest(mu, self.data, self.model, return_expected_set=True)

    def limit_with_our_minimiser(self) -> tuple[float, int]:
        """pyhf's own search for the six limits: the observed one, and of how many hypothesis tests
        it makes use."""
        from pyhf.infer.intervals import upper_limits

        original, calls = upper_limits.hypotest, 0

        def counted(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            return original(*arguments, **options)

        upper_limits.hypotest = counted
        self.pyhf.set_backend("numpy", NewtonOptimizer())
        try:
            observed, _ = upper_limits.toms748_scan(
                self.data, self.model, 0.0, 10.0, level=1 - LEVEL
            )
        finally:
            self.pyhf.set_backend("numpy")
            upper_limits.hypotest = original
        return float(observed), calls

    def toy_seconds(self, mu: float, toys: int) -> list[float]:
        """CPU seconds of q̃(μ) of toys, each with its free and its conditional fit."""
        parameters = np.array(self.model.config.suggested_init())
        parameters[self.model.config.poi_index] = mu
        counts = self.model.make_pdf(self.pyhf.tensorlib.astensor(parameters)).sample((toys,))
        config = self.model.config
        settings = config.suggested_init(), config.suggested_bounds(), config.suggested_fixed()
        statistic = self.pyhf.infer.test_statistics.qmu_tilde
        return [
            cpu_seconds(
                lambda one=one: statistic(mu, one, self.model, *settings), 1, warm_up=False
            )[0]
            for one in counts
        ]


def records() -> Iterator[Record]:
    """All with staterror: 120 parameters."""
    thread_count(1)
    model = compile_workspace(recoil_workspace(staterror=True))
    limit = upper_limit(model, confidence_level=LEVEL).observed
    fits = times("ms", lambda: fit(model), calls=50)
    limits = times("ms", lambda: upper_limit(model, confidence_level=LEVEL), calls=10)
    toys = times("s", lambda: toy_cls(model, limit, TOYS, seed=1), 3)
    yield from against_pyhf(model, limit, fits, limits, toys)
    if jax_peer.PYTHON.is_file():
        yield from against_jax(model, limit, fits, limits)
    if root_peer.PYTHON.is_file():
        found = root_peer.measured("inference")
        assert abs(found["minimum"] - fit(model).nll) < 1e-3
        peer = [1e3 * seconds for seconds in found["fit"]]
        yield Record(GROUP, FIT, "ms", fits, peer, "ROOT (RooFit, Minuit2)")
    masses = [recoil_workspace(staterror=True, seed=seed) for seed in range(MASSES)]
    scan = times("s", lambda: [upper_limit(compile_workspace(one)) for one in masses], 3)
    yield Record(GROUP, f"limits of {MASSES} masses", "s", scan, floor=1.0)
    yield Record(
        GROUP,
        "impacts of 20 parameters",
        "ms",
        times("ms", lambda: impacts(model), calls=5),
        floor=50,
    )


def against_jax(
    model: Model, limit: float, fits: list[float], limits: list[float]
) -> Iterator[Record]:
    """The fastest forms of the same that we know: gradients by jax, compiled beforehand."""
    found = jax_peer.measured(recoil_workspace(staterror=True), limit)
    pyhf, newton = found["pyhf"], found["newton"]
    best = fit(model)
    assert abs(pyhf["minimum"] - best.nll) < 1e-3
    assert abs(newton["minimum"] - best.minimum.value) < 1e-3
    for peer, name in ((pyhf, "pyhf (jax, gradients)"), (newton, "jax, Newton by hand")):
        yield Record(GROUP, FIT, "ms", fits, [1e3 * one for one in peer["fit"]], name)
    _, tests = Pyhf(recoil_workspace(staterror=True)).limit_with_our_minimiser()
    name = f"pyhf (jax), extrapolated: {tests} times one hypotest"
    seconds = [1e3 * tests * one for one in pyhf["hypotest"]]
    yield Record(GROUP, LIMIT, "ms", limits, seconds, name)


def against_pyhf(
    model: Model, limit: float, fits: list[float], limits: list[float], toys: list[float]
) -> Iterator[Record]:
    """pyhf finds the same minimum and the same limit; what is extrapolated says so in its name."""
    pyhf = Pyhf(recoil_workspace(staterror=True))
    peer = times("ms", pyhf.fit, 3, warm_up=False)
    assert abs(pyhf.minimum - fit(model).nll) < 1e-3
    yield Record(GROUP, FIT, "ms", fits, peer, "pyhf (numpy, SLSQP)", 0.5)
    observed, tests = pyhf.limit_with_our_minimiser()
    assert abs(observed / limit - 1) < 1e-3
    peer = [tests * one for one in times("ms", lambda: pyhf.hypotest(limit), 2, warm_up=False)]
    yield Record(
        GROUP, LIMIT, "ms", limits, peer, f"pyhf, extrapolated: {tests} times one hypotest", 5
    )
    peer = [2 * TOYS * one for one in pyhf.toy_seconds(limit, 3)]
    name = f"pyhf, extrapolated: {2 * TOYS:,} times one toy"
    yield Record(GROUP, f"{TOYS:,} toys of both hypotheses", "s", toys, peer, name, 1)


if __name__ == "__main__":
    main(records)
