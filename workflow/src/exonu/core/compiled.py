"""Kernels compiled by numba, cached on disk so that no job compiles twice and none runs stale machine code.

numba files a compiled function under the stamp of the one source file it is in, so an edit of a *callee* in another
file would go unnoticed. Here the cache is a folder named after the digest of all modules that the kernel's module
imports: ``$XDG_CACHE_HOME/exonu/numba/<digest>``, or below ``NUMBA_CACHE_DIR``. Where the source lies does not matter,
so that a second clone or an installed wheel compiles nothing that the first has compiled.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import UserProvidedCacheLocator

from exonu.core.digest import code_digest

FAST_MATH = {"reassoc", "contract", "arcp", "nsz", "nnan"}
"""Sums may be reordered, in an order fixed by the compiled code; there is no NaN, infinities are kept."""
EXACT_MATH = {"nsz", "nnan"}


class WhereverTheSourceIs(UserProvidedCacheLocator):
    """Puts compiled functions into the cache under the name of their package, not under the path of its folder."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        return Path(py_file).parent.name


@contextmanager
def cached_under(digest: str) -> Iterator[None]:
    """What is compiled in this block is cached in the folder of that digest."""
    config: Any = numba.config
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    before = config.CACHE_DIR, getattr(config, "CACHE_LOCATOR_CLASSES", "")
    config.CACHE_DIR = str((Path(before[0]) if before[0] else home / "exonu" / "numba") / digest)
    config.CACHE_LOCATOR_CLASSES = f"{__name__}.{WhereverTheSourceIs.__name__}"  # numba before 0.61 does not know it
    try:
        yield
    finally:
        config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = before


def kernel(function: Any) -> Any:
    """Compile a function on arrays: without the GIL, cached, division by zero gives infinity."""
    return _compiled(function, FAST_MATH)


def exact_kernel(function: Any) -> Any:
    """The same without reordered sums.

    A callee that is compiled together with its caller is woven into it, one from the cache is not; where sums may be
    reordered, the first job on a machine could then differ from the next in the last bit of what it writes.
    """
    return _compiled(function, EXACT_MATH)


_digest = cache(code_digest)  # a module has dozens of kernels


def _compiled(function: Any, fastmath: set[str]) -> Any:
    with cached_under(_digest(function.__module__)):
        return numba.njit(nogil=True, cache=True, error_model="numpy", fastmath=fastmath)(function)
