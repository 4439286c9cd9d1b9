"""Kernels compiled by numba, cached on disk so that no job compiles twice and none runs stale
machine code.

numba files a compiled function under the stamp of the one source file it is in, so an edit of a
*callee* in another file would go unnoticed. Here the cache is a folder named after the digest of
all modules that the kernel's module imports: ``$XDG_CACHE_HOME/exonu/numba/<digest>``, or below
``NUMBA_CACHE_DIR``. Where the source lies does not matter, so that a second clone or an installed
wheel compiles nothing that the first has compiled."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numba
from numba.core import entrypoints
from numba.core.caching import FunctionCache, IndexDataCacheFile, UserProvidedCacheLocator
from numba.core.registry import CPUDispatcher
from numba.core.types import unliteral
from numba.core.types.functions import Dispatcher
from numba.np import linalg

from exonu.core.digest import code_digest

FAST_MATH = {"reassoc", "contract", "arcp", "nsz", "nnan"}
"""Sums may be reordered, in an order fixed by the compiled code; there is no NaN, infinities are
kept."""
EXACT_MATH = {"nsz", "nnan"}


class WhereverTheSourceIs(UserProvidedCacheLocator):
    """Puts compiled functions into the cache under the name of their package, not under the path of
    its folder."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        return Path(py_file).parent.name


class OneAtATime(IndexDataCacheFile):
    """numba's index of a function's machine codes, for several processes at once.

    numba takes the next free number for a new code's file, writes the index and then the file. Two
    processes that compile for different types of arguments at the same moment take the same number,
    and from then on the index can give one of them the code of the other: a crash, or numbers that
    are wrong without one."""

    @contextmanager
    def _alone(self) -> Iterator[None]:
        file = Path(f"{self._index_path}.lock")
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w") as lock:
            fcntl.flock(
                lock, fcntl.LOCK_EX
            )  # released when the file is closed, by a killed process too
            yield

    def save(self, key: Any, data: Any) -> None:
        with self._alone():
            super().save(key, data)  # type: ignore[no-untyped-call]

    def load(self, key: Any) -> Any:
        with self._alone():
            return super().load(key)  # type: ignore[no-untyped-call]


class SharedCache(FunctionCache):
    """numba's cache of a function, with an index that several processes share."""

    def __init__(self, function: Any) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        locator = self._impl.locator
        self._cache_file = OneAtATime(
            self._cache_path, self._impl.filename_base, locator.get_source_stamp()
        )  # type: ignore[no-untyped-call]


@contextmanager
def cached_under(digest: str) -> Iterator[None]:
    """What is compiled in this block is cached in the folder of that digest."""
    config: Any = numba.config
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    before = config.CACHE_DIR, getattr(config, "CACHE_LOCATOR_CLASSES", "")
    config.CACHE_DIR = str((Path(before[0]) if before[0] else home / "exonu" / "numba") / digest)
    config.CACHE_LOCATOR_CLASSES = (
        f"{__name__}.{WhereverTheSourceIs.__name__}"  # numba before 0.61 does not know it
    )
    try:
        yield
    finally:
        config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = before


def kernel(function: Any) -> Any:
    """Compile a function on arrays: without the GIL, cached, division by zero gives infinity."""
    return _compiled(function, FAST_MATH)


def exact_kernel(function: Any) -> Any:
    """The same without reordered sums.

    A callee that is compiled together with its caller is woven into it, one from the cache is not;
    where sums may be reordered, the first job on a machine could then differ from the next in the
    last bit of what it writes. For the same reason an exact kernel calls exact ones only, and
    writes x * x for x**2: numba compiles an integer power once a process, with the liberties of the
    kernel that needed it first."""
    return _compiled(function, EXACT_MATH)


@contextmanager
def _without_extensions() -> Iterator[None]:
    """Other packages' types for numba are not loaded in this block: awkward's alone take 0.1 s, and
    our kernels take plain arrays. Whoever compiles another function later gets them."""
    before = entrypoints._already_initialized
    entrypoints._already_initialized = True
    try:
        _load_array_functions()
        yield
    finally:
        entrypoints._already_initialized = before


@cache
def _load_array_functions() -> None:
    """Load numba's array functions without scipy.linalg, which they import to see that it is there
    (0.1 s); what calls BLAS looks for it once more when it is compiled."""
    real = linalg.ensure_blas
    linalg.ensure_blas = lambda: None
    try:
        arraymath = import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = real
    arraymath.ensure_blas = real  # type: ignore[attr-defined]


_digest = cache(code_digest)  # a module has dozens of kernels


def _compiled(function: Any, fastmath: set[str]) -> Any:
    return compile_cached(function, _digest(function.__module__), fastmath=fastmath)


class Kernel(CPUDispatcher):
    """A compiled function. Python calls it; other kernels call its `inner`, which only they can.

    To take arguments from Python, numba compiles the conversion of every array in them, and links
    it into each caller: a good part of all compilation, if the inner kernels were not without it.
    """

    digest: str
    _cache: Any

    def _compile_for_args(self, *args: Any, **kws: Any) -> Any:
        with _without_extensions():
            return super()._compile_for_args(*args, **kws)  # type: ignore[misc]

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """As numba does for a call in a kernel, but 0 is an integer: it would compile once more for
        each literal."""
        plain: Any = unliteral
        return super().get_call_template(
            [plain(kind) for kind in args], {name: plain(kws[name]) for name in kws}
        )

    @cached_property
    def inner(self) -> Any:
        """The same without the conversion of Python's objects."""
        inner = Kernel(
            self.py_func, targetoptions={**self.targetoptions, "no_cpython_wrapper": True}
        )
        with cached_under(f"{self.digest}/inner"):
            inner._cache = SharedCache(self.py_func)
        inner.inner = inner
        return inner

    @property
    def _numba_type_(self) -> Dispatcher:
        return Dispatcher(self.inner)


def compile_cached(function: Any, digest: str, *, both: bool = False, **options: Any) -> Any:
    """Compile with numba, without the GIL, division by zero giving infinity; cached in the folder
    of that digest.

    Args:
        function: a function on arrays.
        digest: of all sources that its machine code depends on.
        both: Python and other kernels call it alike; one version, which serves both, compiles
            faster than two.
        options: numba's.
    """
    options = {
        "nopython": True,
        "nogil": True,
        "error_model": "numpy",
        "no_cfunc_wrapper": True,
        **options,
    }
    config: Any = numba.config
    if config.DISABLE_JIT:  # NUMBA_DISABLE_JIT=1: to step through a kernel with a debugger
        return function
    compiled = Kernel(function, targetoptions=options)
    compiled.digest = digest
    with cached_under(digest):
        compiled._cache = SharedCache(function)
    if both:
        compiled.inner = compiled
    return compiled
