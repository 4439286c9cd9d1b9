"""Random pyhf workspaces for the oracle tests: any mixture of what the engine supports."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from exonu.statistics.examples import modifier, sample, workspace_of

KINDS = (
    "normsys",
    "histosys",
    "staterror",
    "shapesys",
    "shapefactor",
    "lumi",
    "normfactor",
    "both",
)


@st.composite
def workspaces(
    draw: st.DrawFn, kinds: tuple[str, ...] = KINDS, max_bins: int = 4
) -> dict[str, Any]:
    """One to three channels, one to three backgrounds each, and the given kinds of modifiers, some
    of them shared."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=5))
    channels, observed = [], {}
    for c in range(draw(st.integers(1, 3))):
        bins = draw(st.integers(1, max_bins))
        samples = [_signal(rng, bins, chosen, c)]
        samples += [_background(rng, bins, chosen, c, b) for b in range(draw(st.integers(1, 3)))]
        channels.append({"name": f"channel_{c}", "samples": samples})
        total = np.sum([s["data"] for s in samples[1:]], axis=0)
        observed[f"channel_{c}"] = rng.poisson(total).astype(float).tolist()
    settings = {}
    if "lumi" in chosen:
        settings["lumi"] = {
            "inits": [1.0],
            "bounds": [[0.5, 1.5]],
            "auxdata": [1.0],
            "sigmas": [0.05],
        }
    return workspace_of(channels, observed, **settings)


def _signal(rng: np.random.Generator, bins: int, chosen: list[str], c: int) -> dict[str, Any]:
    data = rng.uniform(2.0, 15.0, bins)
    modifiers = [modifier("mu", "normfactor")]
    if "normsys" in chosen and rng.random() < 0.5:
        modifiers.append(modifier("rate_0", "normsys", _factors(rng)))
    if "staterror" in chosen and rng.random() < 0.5:
        modifiers.append(modifier(f"mc_{c}", "staterror", (0.1 * data).tolist()))
    return sample("signal", data, *modifiers)


def _background(
    rng: np.random.Generator, bins: int, chosen: list[str], c: int, b: int
) -> dict[str, Any]:
    data = rng.uniform(20.0, 120.0, bins)
    modifiers = []
    for kind in sorted(set(chosen)):
        if rng.random() < 0.25:
            continue
        if kind == "normsys":
            modifiers.append(modifier(f"rate_{rng.integers(3)}", "normsys", _factors(rng)))
        elif kind == "histosys":
            modifiers.append(modifier(f"shape_{rng.integers(2)}", "histosys", _shapes(rng, data)))
        elif kind == "both":  # one parameter that changes shape and rate
            modifiers.append(modifier("correlated", "histosys", _shapes(rng, data)))
            modifiers.append(modifier("correlated", "normsys", _factors(rng)))
        elif kind == "staterror":
            errors = rng.uniform(0.01, 0.15, bins) * data
            errors[0] *= rng.random() < 0.8
            modifiers.append(modifier(f"mc_{c}", "staterror", errors.tolist()))
        elif kind == "shapesys":
            errors = rng.uniform(0.02, 0.2, bins) * data
            modifiers.append(modifier(f"uncorrelated_{c}_{b}", "shapesys", errors.tolist()))
        elif kind == "shapefactor":
            modifiers.append(modifier(f"free_shape_{bins}", "shapefactor"))
        elif kind == "lumi":
            modifiers.append(modifier("lumi", "lumi"))
        elif kind == "normfactor":
            modifiers.append(modifier(f"scale_{b}", "normfactor"))
    return sample(f"background_{b}", data, *modifiers)


def _factors(rng: np.random.Generator) -> dict[str, float]:
    return {"hi": 1.0 + rng.uniform(0.01, 0.3), "lo": 1.0 - rng.uniform(0.01, 0.3)}


def _shapes(rng: np.random.Generator, data: np.ndarray) -> dict[str, list[float]]:
    return {
        "hi_data": (data * (1.0 + rng.uniform(-0.15, 0.15, data.size))).tolist(),
        "lo_data": (data * (1.0 + rng.uniform(-0.15, 0.15, data.size))).tolist(),
    }


def random_parameters(model: Any, rng: np.random.Generator, spread: float = 0.3) -> np.ndarray:
    """Parameters around their initial values, within the bounds."""
    theta = model.init + rng.normal(size=model.init.size) * spread * np.where(
        model.init == 0.0, 3.0, 0.3
    )
    return np.clip(theta, np.maximum(model.flat.lower, -4.9), np.minimum(model.flat.upper, 4.9))
