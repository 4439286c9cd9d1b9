"""How the kernels are compiled, where the compiled code is kept, and when nothing is compiled.

The compiled code is cached in a folder named after the digest of all kernel sources
(`exonu.core.compiled` says why)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache, update_wrapper
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from exonu.statistics.engine import in_numpy
from exonu.statistics.engine.flat import SQUARE, Flat

F = TypeVar("F", bound=Callable[..., Any])

SMALL = 1_000
"""Of `effort`: a limit then takes up to a second in Python. To load numba and the machine code takes
half a second, and to compile it half a minute."""
_in_python = False


@contextmanager
def one_limit() -> Iterator[None]:
    """In this block only one limit or few are asked for, and kernels run as plain Python where the
    model is small: numba is not even imported. The numbers agree to about 1e-10."""
    global _in_python
    before, _in_python = _in_python, True
    try:
        yield
    finally:
        _in_python = before


def effort(m: Flat) -> int:
    """How long a limit takes in Python, in milliseconds and roughly."""
    size, components, bins = m.dense.size, m.first.size, m.gamma.size
    once = size * (components + size) + bins + 2 * int(np.count_nonzero(m.gamma >= 0))
    return once * (8 if SQUARE in m.factor_kind else 1)  # interference: the profile on a grid


class Kernel:
    """A function on arrays that numba compiles when it is first called; the import compiles
    nothing."""

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        self.function = function
        self.in_python = getattr(in_numpy, function.__name__, function)
        self._options = options
        update_wrapper(self, function)

    @cached_property
    def compiled(self) -> Any:
        """By numba, cached on disk and without the GIL."""
        from exonu.core.compiled import compile_cached

        return compile_cached(self.function, _kernel_digest(), **self._options)

    @property
    def _numba_type_(self) -> Any:
        return self.compiled._numba_type_

    def __call__(self, *arguments: Any) -> Any:
        return (self.in_python if _in_python else self.compiled)(*arguments)


class EntryKernel(Kernel):
    """A kernel whose first argument is the model, which says whether it is worth compiling."""

    def __call__(self, m: Flat, *arguments: Any) -> Any:
        if not (_in_python and effort(m) <= SMALL):
            return self.compiled(m, *arguments)
        with np.errstate(all="ignore"):  # as compiled
            return self.in_python(m, *arguments)


@lru_cache(maxsize=1)
def _kernel_digest() -> str:
    """Digest of this folder and of how it is compiled: an edit of what only calls the kernels
    compiles nothing anew."""
    here = Path(__file__).parent
    sources = [here.parents[1] / "core" / "compiled.py", *sorted(here.glob("*.py"))]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


_MATH = {"reassoc", "contract", "nsz"}


def jit(function: F, *, parallel: bool = False) -> F:
    """A kernel that other kernels call, or Python.

    Sums may be reassociated (vectorised), in an order that is fixed by the compiled code.
    """
    kernel: Any = Kernel(function, parallel=parallel, fastmath=_MATH)
    return kernel  # type: ignore[no-any-return]


def jit_for_both(function: F) -> F:
    """`jit` of a kernel that Python and other kernels call alike, with the model first."""
    kernel: Any = EntryKernel(function, both=True, fastmath=_MATH)
    return kernel  # type: ignore[no-any-return]


def thread_count(threads: int | None) -> None:
    """Set the number of threads of parallel kernels; the results do not depend on it."""
    if threads is not None:
        import numba

        numba.set_num_threads(threads)


@lru_cache(maxsize=1)
def versions() -> dict[str, str]:
    """Versions of what computes, for the record of a limit."""
    from importlib.metadata import version

    from exonu import __version__

    return {
        "exonu": __version__,
        **{name: version(name) for name in ("numpy", "scipy", "numba")},
    }
