"""The generator gives the same bytes with a cold cache of kernels as with a warm one: no sum in it
may be reordered."""

import dis
from importlib import import_module

import pytest

pytest.importorskip("numba", reason="without numba nothing is compiled, and nothing is cached")
from exonu.core.compiled import EXACT_MATH

GENERATOR = [
    "simulation.generation.event_kernels",
    "simulation.wall.wall_kernels",
    "decays.decay_kernels",
    "simulation.gammas.gamma_kernels",
]


def kernels_of(namespace):
    return {name: value for name, value in namespace.items() if hasattr(value, "py_func")}


@pytest.mark.parametrize("module", GENERATOR)
def test_an_exact_kernel_calls_exact_kernels_only(module):
    """A callee with reordered sums rounds as it is woven into its caller, which the cache
    decides."""
    kernels = kernels_of(vars(import_module(f"exonu.{module}")))
    assert len(kernels) > 2
    waiting, known = list(kernels.values()), set()
    while waiting:
        one = waiting.pop()
        if one in known:
            continue
        known.add(one)
        assert set(one.targetoptions["fastmath"]) == EXACT_MATH, one.py_func.__qualname__
        code = list(dis.get_instructions(one.py_func))
        before_power = [code[i - 1] for i, step in enumerate(code) if step.argrepr == "**"]
        integers = [
            step.argval
            for step in before_power
            if step.opname == "LOAD_CONST" and isinstance(step.argval, int)
        ]
        assert not integers, (
            f"{one.py_func.__qualname__}: numba shares integer powers with kernels that are not exact"
        )
        called = kernels_of(one.py_func.__globals__)
        waiting += [called[name] for name in one.py_func.__code__.co_names if name in called]
