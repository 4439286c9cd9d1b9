"""Speed of the inference engine, with ratios to pyhf (numpy, SLSQP) in the same process.

    OPENBLAS_NUM_THREADS=1 python tests/benchmarks/bench_inference.py [--without-pyhf]

The model is that of docs/inference.md: 99 bins, 9 samples, 20 nuisance parameters and μ, with staterror 120 parameters.
pyhf's free fit and one hypotest are measured; its limit is extrapolated from that hypotest, 6 root searches of 10
hypotests that share their points (30 in all), and its toys, scan and impacts from its fits: marked with ~.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import time
from collections.abc import Callable

from exonu.statistics import compile_workspace, fit, impacts, toy_cls, upper_limit
from exonu.statistics.backend import NUMBA, thread_count
from exonu.statistics.examples import recoil_workspace

HYPOTESTS_PER_LIMIT, FITS_PER_TOY = 30, 2


def seconds(function: Callable[[], object], repeat: int = 1, rounds: int = 5) -> float:
    """Best mean time of a call, after one to warm up."""
    function()
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(repeat):
            function()
        best = min(best, (time.perf_counter() - start) / repeat)
    return best


def ours(staterror: bool) -> dict[str, float]:
    workspace = recoil_workspace(staterror=staterror)
    model = compile_workspace(workspace)
    masses = [recoil_workspace(staterror=staterror, seed=seed) for seed in range(60)]
    limit = upper_limit(model).observed
    return {
        "free fit": seconds(lambda: fit(model), 50),
        "limit with bands": seconds(lambda: upper_limit(model), 10),
        "1000 toys, both hypotheses": seconds(lambda: toy_cls(model, limit, 1000, seed=1), rounds=2),
        "60 masses": seconds(lambda: [upper_limit(compile_workspace(one)) for one in masses], rounds=2),
        "impacts of 20 parameters": seconds(lambda: impacts(model), 5),
    }


def pyhfs(staterror: bool) -> dict[str, float]:
    import pyhf

    workspace = pyhf.Workspace(recoil_workspace(staterror=staterror))
    model = workspace.model()
    data = workspace.data(model)
    start = time.perf_counter()
    pyhf.infer.mle.fit(data, model)
    one_fit = time.perf_counter() - start
    start = time.perf_counter()
    pyhf.infer.hypotest(0.4, data, model, return_expected_set=True)
    hypotest = time.perf_counter() - start
    return {
        "free fit": one_fit,
        "limit with bands": HYPOTESTS_PER_LIMIT * hypotest,
        "1000 toys, both hypotheses": 2 * 1000 * FITS_PER_TOY * one_fit,
        "60 masses": 60 * HYPOTESTS_PER_LIMIT * hypotest,
        "impacts of 20 parameters": 81 * one_fit,
    }


FLOORS = {
    "free fit": 0.5e-3,
    "limit with bands": 10e-3,
    "1000 toys, both hypotheses": 3.0,
    "60 masses": 1.0,
    "impacts of 20 parameters": 50e-3,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--without-pyhf", action="store_true")
    arguments = parser.parse_args()
    thread_count(1)
    print(f"numba {'on' if NUMBA else 'off'}, one thread")
    for staterror in (False, True):
        print(f"\n{'120 parameters, staterror' if staterror else '21 parameters'}")
        print(f"{'':30}{'exonu':>12}{'floor':>12}{'pyhf':>12}{'ratio':>10}")
        mine = ours(staterror)
        theirs = {} if arguments.without_pyhf else pyhfs(staterror)
        for name, value in mine.items():
            line = f"{name:30}{value * 1e3:9.2f} ms{FLOORS[name] * 1e3:9.1f} ms"
            if theirs:
                mark = "" if name == "free fit" else "~"
                line += f"{mark + format(theirs[name], '.2f'):>10} s{theirs[name] / value:10.0f}"
            print(line)


if __name__ == "__main__":
    main()
