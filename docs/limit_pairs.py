"""Whether chance can make the published limits on a millicharge and on a light dark photon what they are
together: `python docs/limit_pairs.py [RESULTS]`; half a minute. Prints a line of docs/full-search.md.

Both limits are set on the same pseudo-data, with the efficiency of the signal below 30 keVee as it is
published at 5 keVee. The two signals have nearly the same shape, so g² over q hardly fluctuates."""

import sys
from pathlib import Path

import full_search
import numpy as np

from exonu.search.limit_records import read_whole_workspace
from exonu.search.strengths import strength
from exonu.search.studies.projections import FREE_OF_PRIORS, projection
from exonu.statistics import compile_workspace, upper_limit
from exonu.statistics.toys import NORMAL

PAIR = ("millicharge_all", "dark-photon_all_0.001MeV")
PUBLISHED = (5.4e-12, 1.3e-6)  # arXiv:2005.11891
OUR_EFFICIENCY = 0.476  # at 5 keVee, see full_search.py
DATA_SETS, SEED = 150, 3


def model_of(file: Path):
    """The model in 711 days with the published efficiency, and what its strength means."""
    spec, meaning = read_whole_workspace(file)
    edges = np.array([*(low for low, _ in meaning["bins_keV"]), meaning["bins_keV"][-1][1]])
    projected = projection(spec, full_search.LIVE_DAYS / meaning["live_days"])
    signals = [
        sample["name"]
        for sample in spec["channels"][0]["samples"]
        if any(one["name"] in FREE_OF_PRIORS for one in sample["modifiers"])
    ]
    factor = full_search.PUBLISHED_EFFICIENCY / OUR_EFFICIENCY
    low = np.where(edges[:-1] < full_search.BELOW_KEVEE, factor, 1.0)
    full_search.times(dict.fromkeys(signals, low))(projected)
    return compile_workspace(projected, poi_map=meaning["poi_map"]), meaning


def limits(models, counts=None) -> list[float]:
    """Observed limits of both on the same counts; on the expectation without."""
    found = []
    for model, meaning in models:
        data = np.array(model.layout.nominal_data, dtype=float)
        if counts is not None:
            data[: model.n_bins] = counts
        found.append(strength(float(upper_limit(model, data=data).observed), meaning))
    return found


def main(results: Path) -> None:
    """Print the ratios."""
    models = [model_of(results / "workspaces" / f"{name}.json") for name in PAIR]
    q, g = limits(models)
    rng, background = np.random.default_rng(SEED), models[0][0]
    start = np.array(background.init, dtype=float)
    start[background.poi_index] = 0.0
    known = background.flat.constraint == NORMAL
    ratios = []
    for _ in range(DATA_SETS):
        theta = start.copy()
        theta[known] = rng.normal(start[known], background.flat.width[known])
        theta = np.clip(theta, background.flat.lower, background.flat.upper)
        counts = rng.poisson(np.maximum(background.expected(theta), 0.0))
        one, other = limits(models, counts)
        ratios.append((other / g) ** 2 / (one / q))
    published = (PUBLISHED[1] / g) ** 2 / (PUBLISHED[0] / q)
    low, middle, high = np.percentile(ratios, [2.5, 50, 97.5])
    print(f"expected, efficiency as published: q {q:.3g} e, g {g:.3g}")
    print(
        f"g² over q relative to that: {low:.3f} to {high:.3f} in 95 % of {DATA_SETS}, median {middle:.3f}"
    )
    print(f"published: {published:.3f}")


if __name__ == "__main__":
    top = Path(__file__).resolve().parents[1]
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else top / "results" / "xmass-711d")
