"""How the kernels are compiled, and where the compiled code is kept.

The compiled code is cached in a folder named after the digest of all kernel sources
(`exonu.core.compiled` says why)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@lru_cache(maxsize=1)
def _kernel_digest() -> str:
    """Digest of this folder and of how it is compiled: an edit of what only calls the kernels
    compiles nothing anew."""
    here = Path(__file__).parent
    sources = [here.parents[1] / "core" / "compiled.py", *sorted(here.glob("*.py"))]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]


def jit(function: F, *, parallel: bool = False, both: bool = False) -> F:
    """Compile a kernel with numba, cached on disk and without the GIL.

    Sums may be reassociated (vectorised), in an order that is fixed by the compiled code. See
    `compile_cached` for `both`.
    """
    from exonu.core.compiled import compile_cached

    math = {"reassoc", "contract", "nsz"}
    compiled: F = compile_cached(
        function, _kernel_digest(), both=both, parallel=parallel, fastmath=math
    )
    return compiled


def jit_for_both(function: F) -> F:
    """`jit` of a kernel that Python and other kernels call alike."""
    return jit(function, both=True)


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
