"""Kernels compiled by numba, cached on disk so that no job compiles twice and none runs stale machine code.

numba files a compiled function under the stamp of the one source file it is in, so an edit of a *callee* in another
file would go unnoticed. Here the cache is a folder named after the digest of all modules that the kernel's module
imports: ``$XDG_CACHE_HOME/exonu/numba/<digest>``, or below ``NUMBA_CACHE_DIR``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numba

from exonu.core.digest import code_digest

FAST_MATH = {"reassoc", "contract", "arcp", "nsz", "nnan"}
"""Sums may be reordered, in an order fixed by the compiled code; there is no NaN, infinities are kept."""
EXACT_MATH = {"nsz", "nnan"}


@contextmanager
def cached_under(digest: str) -> Iterator[None]:
    """What is compiled in this block is cached in the folder of that digest."""
    config: Any = numba.config
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    before = config.CACHE_DIR
    config.CACHE_DIR = str((Path(before) if before else home / "exonu" / "numba") / digest)
    try:
        yield
    finally:
        config.CACHE_DIR = before


def kernel(function: Any) -> Any:
    """Compile a function on arrays: without the GIL, cached, division by zero gives infinity."""
    return _compiled(function, FAST_MATH)


def exact_kernel(function: Any) -> Any:
    """The same without reordered sums.

    A callee that is compiled together with its caller is woven into it, one from the cache is not; where sums may be
    reordered, the first job on a machine could then differ from the next in the last bit of what it writes.
    """
    return _compiled(function, EXACT_MATH)


def _compiled(function: Any, fastmath: set[str]) -> Any:
    with cached_under(code_digest(function.__module__)):
        return numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=fastmath)(function)
