"""Kernels compiled by numba, cached on disk so that no job compiles twice and none runs stale
machine code.

numba files a compiled function under the stamp of the one source file it is in, so an edit of a
*callee* in another file would go unnoticed. Here the cache is a folder named after the digest of
all modules that the kernel's module imports: ``$XDG_CACHE_HOME/exonu/numba/<digest>``, or below
``NUMBA_CACHE_DIR``. Where the source lies does not matter, so that a second clone or an installed
wheel compiles nothing that the first has compiled.

The cache is a convenience: what cannot be read is compiled again, what cannot be written is not
kept, and no file of it can end a job."""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import re
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core import entrypoints, serialize
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.registry import CPUDispatcher
from numba.core.runtime.nrt import rtsys
from numba.core.types import unliteral
from numba.core.types.functions import Dispatcher

from exonu.core.digest import code_digest

_log = logging.getLogger(__name__)

MAKES_ARRAYS = frozenset(
    ["arange", "array", "concatenate", "copy", "empty", "full", "ones", "sort", "sum", "zeros"]
)
"""Functions of numpy that make an array; one that is missing here is an error when it is compiled."""

FAST_MATH = {"reassoc", "contract", "arcp", "nsz", "nnan"}
"""Sums may be reordered, in an order fixed by the compiled code; there is no NaN, infinities are
kept."""
EXACT_MATH = {"nsz", "nnan"}
_dumps: Any = serialize.dumps
_rebuild: Any = CompileResult._rebuild
_DIGEST_BYTES = hashlib.sha256().digest_size


class KernelCache(_Cache):
    """The machine codes of one function, a file for each.

    A file is named after all that its content follows from (function, types of the arguments,
    processor, versions of numba and llvmlite) and begins with the digest of what comes after. So
    processes need no lock, environments and processors share a folder without sharing a code, and
    a damaged file is a missing one.

    Args:
        function: what is compiled.
        folder: where its codes are; None keeps nothing.
    """

    def __init__(self, function: Any, folder: Path | None) -> None:
        self._function = function
        self._folder = folder

    @property
    def cache_path(self) -> str:
        """The folder, for numba's own messages."""
        return str(self._folder or "")

    def enable(self) -> None:
        """Nothing to do: a cache that is not wanted has no folder."""

    def disable(self) -> None:
        """Neither read nor write from now on."""
        self._folder = None

    def flush(self) -> None:
        """Nothing to do: files are named after their content."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code for these types of arguments, or None if there is none that can be read.

        To run it, numba needs its allocator. How each function of Python and numpy is compiled (a
        tenth of a second) it reads where there is something to compile.
        """
        found = None if self._folder is None else self._read(sig, target_context)
        if found is None:
            _load_array_functions()
        return found

    def _read(self, sig: Any, target_context: Any) -> Any:
        rtsys.initialize(target_context)
        try:
            content = self._file(sig, target_context.codegen()).read_bytes()
            payload = content[_DIGEST_BYTES:]
            if hashlib.sha256(payload).digest() != content[:_DIGEST_BYTES]:
                return None
            # as numba's own cache does: whoever may write the folder is trusted with code
            parts = pickle.loads(payload)  # noqa: S301
            return _rebuild(target_context, *parts)
        except Exception:  # not there, not ours to read, of another layout: it is compiled again
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a code; where it cannot be written, say so once."""
        lifted = any(not loop.can_cache for loop in data.lifted)
        if self._folder is None or lifted or data.library.has_dynamic_globals:
            return
        file = self._file(sig, data.codegen)
        payload = _dumps(data._reduce())
        beside = file.with_name(f"{file.name}.{uuid.uuid4().hex[:16]}.part")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(hashlib.sha256(payload).digest() + payload)
            beside.replace(file)
        except OSError as error:
            _say_once(f"{file.parent}: {error.strerror}")
        finally:
            with suppress(OSError):  # the folder is not there, or not ours
                beside.unlink(missing_ok=True)

    def _file(self, sig: Any, codegen: Any) -> Path:
        assert self._folder is not None
        code = self._function.__code__
        closure = [cell.cell_contents for cell in self._function.__closure__ or ()]
        parts = [
            *(self._function.__module__, self._function.__qualname__, sig),
            *(codegen.magic_tuple(), code.co_code.hex(), code.co_names, _dumps(closure).hex()),
            *(constant for constant in code.co_consts if not hasattr(constant, "co_code")),
            *(numba.__version__, llvmlite.__version__, sys.implementation.cache_tag),
        ]
        key = hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:24]
        name = re.sub(r"[^\w.-]", "_", self._function.__qualname__)[-80:]
        return self._folder / f"{name}-{key}.nbc"


_said: list[str] = []


def _say_once(reason: str) -> None:
    if _said:
        return
    _said.append(reason)
    _log.warning(
        "compiled code is not kept, and the next job compiles it again (%s); set XDG_CACHE_HOME to a folder "
        "that you may write to",
        reason,
    )


def _folder_of(digest: str) -> Path | None:
    """Where the codes of that digest are; None for a user without a home."""
    chosen = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    if chosen:
        return Path(chosen) / digest
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:
        _say_once(str(error))
        return None
    return home / "exonu" / "numba" / digest


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
        yield
    finally:
        entrypoints._already_initialized = before


@cache
def _load_array_functions() -> None:
    """Load numba's array functions without scipy.linalg, which they import to see that it is there
    (0.1 s); what calls BLAS looks for it once more when it is compiled."""
    linalg = import_module("numba.np.linalg")
    real = linalg.ensure_blas
    linalg.ensure_blas = lambda: None  # type: ignore[attr-defined]
    try:
        arraymath = import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = real  # type: ignore[attr-defined]
    arraymath.ensure_blas = real  # type: ignore[attr-defined]


_digest = cache(code_digest)  # a module has dozens of kernels


def _compiled(function: Any, fastmath: set[str]) -> Any:
    return compile_cached(function, _digest(function.__module__), fastmath=fastmath)


def makes_arrays(function: Any) -> bool:
    """Whether a kernel makes arrays, itself or in a kernel that it calls."""
    names = function.__code__.co_names
    called = (function.__globals__.get(name) for name in names)
    return bool(MAKES_ARRAYS.intersection(names)) or any(
        makes_arrays(kernel.__wrapped__)
        for kernel in called
        if hasattr(type(kernel), "_numba_type_")
    )


class Kernel(CPUDispatcher):
    """A compiled function. Python calls it; other kernels call its `inner`, which only they can.

    To take arguments from Python, numba compiles the conversion of every array in them, and links
    it into each caller: a good part of all compilation, if the inner kernels were not without it.
    Measured with an empty cache (numba 0.68): one limit, a light map, a simulation and a
    reconstruction of the smoke analysis take 68 CPU-s, and 101 with numba's own dispatcher; with a
    full one 12.8 and 13.9.

    An inner kernel that makes no array does not count references to those that it is given either:
    their owner outlives the call. Two thirds of the time of drawing a decay were such counts.
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
        template = super().get_call_template(
            [plain(kind) for kind in args], {name: plain(kws[name]) for name in kws}
        )
        versions: Any = () if self.targetoptions.get("_nrt", True) else self.overloads.values()
        for code in versions:
            if "array" in str(code.signature.return_type):
                raise TypeError(
                    f"{self.py_func.__name__} returns an array that it did not make: its caller would free it"
                )
        return template

    @cached_property
    def inner(self) -> Any:
        """The same without the conversion of Python's objects."""
        options = {**self.targetoptions, "no_cpython_wrapper": True}
        options["_nrt"] = makes_arrays(self.py_func)
        inner = Kernel(self.py_func, targetoptions=options)
        inner._cache = KernelCache(self.py_func, _folder_of(f"{self.digest}/inner"))
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
    compiled._cache = KernelCache(function, _folder_of(digest))
    if both:
        compiled.inner = compiled
    return compiled
