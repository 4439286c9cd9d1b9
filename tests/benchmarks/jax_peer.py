"""jax as a peer, if `make bench-peers` has made its environment: this file is run by the Python of
.venv-peers, which has no exonu.

Two forms of the model of `bench_inference`: pyhf with its jax backend and gradients, its best form;
and Newton's method with exact Hessians from jax, written for this likelihood alone, with every γ at
its optimum in closed form, as a physicist who knows jax might do it. Compilation is not counted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

PYTHON = Path(__file__).resolve().parents[2] / ".venv-peers" / "bin" / "python"


def measured(workspace: dict[str, Any], mu: float, python: Path = PYTHON) -> dict[str, Any]:
    """What `main` prints for a workspace and a tested μ, on one thread."""
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu"}
    flags = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "workspace.json")
        file.write_text(json.dumps(workspace))
        done = subprocess.run(
            [str(python), __file__, str(file), str(mu)],
            env=os.environ | one | flags, capture_output=True, text=True, check=True,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def with_pyhf(workspace: dict[str, Any], mu: float) -> dict[str, Any]:
    """CPU seconds of free fits and of one hypothesis test (observed and five expected), and the
    minimum of -ln L."""
    import pyhf

    pyhf.set_backend("jax", "scipy")
    made = pyhf.Workspace(workspace)
    model = made.model()
    data = made.data(model)
    minimum = []

    def fit() -> None:
        _, twice = pyhf.infer.mle.fit(data, model, return_fitted_val=True)
        minimum.append(float(twice) / 2)

    def test() -> None:
        pyhf.infer.hypotest(mu, data, model, return_expected_set=True)

    return {"fit": _seconds(fit, 5), "hypotest": _seconds(test, 3), "minimum": minimum[-1]}


def by_hand(workspace: dict[str, Any]) -> dict[str, Any]:
    """CPU seconds of free fits by Newton's method, and the minimum of ℓ less constants."""
    import jax

    jax.config.update("jax_enable_x64", True)
    value, start, lower = _likelihood(workspace)
    derivatives = jax.jit(lambda x: (value(x), jax.grad(value)(x), jax.hessian(value)(x)))
    ell = jax.jit(value)
    minimum = []

    def fit() -> None:
        x = start.copy()
        for _ in range(50):
            now, gradient, hessian = (np.asarray(one) for one in derivatives(x))
            held = (x <= lower) & (gradient > 0)
            step = np.zeros_like(x)
            free = ~held
            step[free] = -np.linalg.solve(hessian[np.ix_(free, free)], gradient[free])
            if 0.5 * abs(gradient[free] @ step[free]) < 1e-12:
                break
            length = 1.0
            while float(ell(np.maximum(x + length * step, lower))) > now and length > 1e-6:
                length /= 2
            x = np.maximum(x + length * step, lower)
        minimum.append(float(now))

    return {"fit": _seconds(fit, 20), "minimum": minimum[-1]}


def _likelihood(workspace: dict[str, Any]) -> tuple[Callable[[Any], Any], Any, Any]:
    """ℓ of μ and the nuisance parameters, the start and the lower bounds: the deviance of the bins,
    γ profiled, and the constraints.

    code4 of normsys is a polynomial of degree six between ±1, code4p of histosys one as well."""
    import jax.numpy as jnp

    [channel] = workspace["channels"]
    samples = channel["samples"]
    counts = np.asarray(workspace["observations"][0]["data"], dtype=float)
    kinds = ("normsys", "histosys")
    names = sorted({m["name"] for s in samples for m in s["modifiers"] if m["type"] in kinds})
    place = {name: 1 + k for k, name in enumerate(names)}
    nominal = np.array([s["data"] for s in samples])
    shape = (len(samples), 1 + len(names))
    high, low = np.ones(shape), np.ones(shape)
    up, down = np.zeros((*shape, counts.size)), np.zeros((*shape, counts.size))
    error, signal = np.zeros(counts.size), np.zeros(len(samples))
    for c, one in enumerate(samples):
        for m in one["modifiers"]:
            if m["type"] == "normfactor":
                signal[c] = 1.0
            elif m["type"] == "normsys":
                high[c, place[m["name"]]], low[c, place[m["name"]]] = (
                    m["data"]["hi"],
                    m["data"]["lo"],
                )
            elif m["type"] == "histosys":
                up[c, place[m["name"]]] = np.array(m["data"]["hi_data"]) - nominal[c]
                down[c, place[m["name"]]] = nominal[c] - np.array(m["data"]["lo_data"])
            else:  # staterror on every sample
                error += np.square(m["data"])
    width = np.sqrt(error) / nominal.sum(axis=0)
    log_high, log_low = np.log(high), np.log(low)
    n, odd = np.arange(1.0, 7.0), np.array([1.0, -1.0] * 3)  # value, slope and curvature at ±1
    at = np.array([n**0, -odd, n, n * odd, n * (n - 1), -n * (n - 1) * odd])
    ends = np.stack(
        [high - 1, low - 1, log_high * high, -log_low * low, log_high**2 * high, log_low**2 * low]
    )
    a = np.tensordot(np.linalg.inv(at), ends, axes=1)

    def value(x: Any) -> Any:
        powers = jnp.stack([x**n for n in range(1, 7)])
        inside = 1 + jnp.einsum("nck,nk->ck", a, powers)
        factors = jnp.where(
            jnp.abs(x) <= 1, inside, jnp.where(x > 0, jnp.exp(x * log_high), jnp.exp(-x * log_low))
        )
        scale = jnp.prod(factors.at[:, 0].set(1.0), axis=1) * jnp.where(signal > 0, x[0], 1.0)
        t = x * x * (15 + x * x * (-10 + 3 * x * x)) / 16
        p = jnp.where(jnp.abs(x) <= 1, 0.5 * x + t, jnp.where(x > 0, x, 0.0))
        q = jnp.where(jnp.abs(x) <= 1, 0.5 * x - t, jnp.where(x > 0, 0.0, x))
        shifts = jnp.einsum("ckb,k->cb", up, p.at[0].set(0.0)) + jnp.einsum(
            "ckb,k->cb", down, q.at[0].set(0.0)
        )
        events = (scale[:, None] * (nominal + shifts)).sum(axis=0)
        half = (width**2 * events - 1) / 2
        gamma = -half + jnp.sqrt(half**2 + width**2 * counts)
        mean = gamma * events
        deviance = jnp.sum(
            mean - counts + counts * jnp.log(jnp.where(counts > 0, counts, 1) / mean)
        )
        return deviance + 0.5 * jnp.sum(((gamma - 1) / width) ** 2) + 0.5 * jnp.sum(x[1:] ** 2)

    start = np.zeros(shape[1])
    start[0] = 0.3
    lower = np.full(shape[1], -np.inf)
    lower[0] = 0.0
    return value, start, lower


def _seconds(work: Callable[[], None], repeats: int) -> list[float]:
    """CPU seconds after two calls that compile."""
    times = []
    for number in range(repeats + 2):
        start = time.process_time()
        work()
        if number > 1:
            times.append(time.process_time() - start)
    return times


if __name__ == "__main__":
    content = json.loads(Path(sys.argv[1]).read_text())
    answer = {"newton": by_hand(content), "pyhf": with_pyhf(content, float(sys.argv[2]))}
    print(json.dumps(answer), flush=True)
