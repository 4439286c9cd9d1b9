"""Small workspaces for the documentation, the tests and the benchmarks."""

from __future__ import annotations

from typing import Any

import numpy as np

from exonu.statistics.workspaces.compiled_model import Model, compile_workspace


def workspace_of(
    channels: list[dict[str, Any]], observed: dict[str, list[float]], **settings: Any
) -> dict[str, Any]:
    """A pyhf workspace with the parameter of interest ``mu`` and the given parameter settings (by
    name)."""
    parameters = [{"name": name, **setting} for name, setting in settings.items()]
    return {
        "channels": channels,
        "observations": [{"name": name, "data": data} for name, data in observed.items()],
        "measurements": [{"name": "search", "config": {"poi": "mu", "parameters": parameters}}],
        "version": "1.0.0",
    }


def sample(name: str, data: Any, *modifiers: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "data": [float(x) for x in data], "modifiers": list(modifiers)}


def modifier(name: str, kind: str, data: Any = None) -> dict[str, Any]:
    return {"name": name, "type": kind, "data": data}


def two_bins_workspace() -> dict[str, Any]:
    """pyhf's own example: two bins with uncorrelated background uncertainties; CLs(mu = 1) =
    0.05251497."""
    return workspace_of(
        [
            {
                "name": "recoils",
                "samples": [
                    sample("signal", [12.0, 11.0], modifier("mu", "normfactor")),
                    sample(
                        "background", [50.0, 52.0], modifier("uncertainty", "shapesys", [3.0, 7.0])
                    ),
                ],
            }
        ],
        {"recoils": [51, 48]},
    )


def two_bins() -> Model:
    return compile_workspace(two_bins_workspace())


def recoil_workspace(
    bins: int = 99, backgrounds: int = 8, nuisances: int = 20, staterror: bool = True, seed: int = 1
) -> dict[str, Any]:
    """A search as large as a published one: a falling signal on backgrounds with correlated
    uncertainties."""
    rng = np.random.default_rng(seed)
    x = (np.arange(bins) + 0.5) / bins
    shapes = [np.exp(-2.0 * x) * 60.0] + [
        rng.uniform(4.0, 30.0)
        * (1.0 + rng.uniform(-0.6, 0.6) * x + 0.5 * np.exp(-0.5 * ((x - rng.random()) / 0.05) ** 2))
        for _ in range(backgrounds)
    ]
    samples = []
    for number, shape in enumerate(shapes):
        modifiers = [modifier("mu", "normfactor")] if number == 0 else []
        for k in range(nuisances):
            if rng.random() > 0.5 and k % max(backgrounds, 1) != number - 1:
                continue
            size = rng.uniform(0.02, 0.1)
            if k % 2:
                data: dict[str, Any] = {"hi": 1.0 + size, "lo": 1.0 - 0.9 * size}
                modifiers.append(modifier(f"rate_{k}", "normsys", data))
            else:
                tilt = size * (2.0 * x - 1.0)
                data = {
                    "hi_data": (shape * (1.0 + tilt)).tolist(),
                    "lo_data": (shape * (1.0 - 0.8 * tilt)).tolist(),
                }
                modifiers.append(modifier(f"shape_{k}", "histosys", data))
        if staterror:
            modifiers.append(modifier("mc", "staterror", (np.sqrt(shape) * 0.3).tolist()))
        samples.append(
            sample("signal" if number == 0 else f"background_{number}", shape, *modifiers)
        )
    total = np.sum(shapes[1:], axis=0)
    observed = rng.poisson(total).astype(float).tolist()
    return workspace_of([{"name": "recoils", "samples": samples}], {"recoils": observed})
