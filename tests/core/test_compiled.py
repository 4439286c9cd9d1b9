"""Compiled kernels: their cache follows every module that they import."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest
from numba import types

from exonu.core import compiled
from exonu.core.digest import code_digest


def root(x):
    return x**0.5


def test_cache_is_named_after_the_digest_of_the_module(monkeypatch, tmp_path):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(root, "__module__", "exonu.detector.transport")
    before = numba.config.CACHE_DIR
    function = compiled.kernel(root)
    assert before == numba.config.CACHE_DIR
    assert function(9.0) == pytest.approx(3)
    kept = [path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.nbc")]
    assert kept == [code_digest("exonu.detector.transport")]


def test_division_by_zero_is_infinite():
    @compiled.kernel
    def inverse(x):
        return 1 / x

    assert inverse(0.0) == float("inf")


@compiled.kernel
def doubled(n):
    return 2 * n


@compiled.kernel
def sum_of_doubles(n):
    return doubled(0) + doubled(1) + doubled(n)


def test_calls_with_literals_share_one_version_which_python_cannot_call():
    assert sum_of_doubles(2) == 6
    for kind in (
        types.literal(0),
        types.literal(1),
        types.int64,
    ):  # what its compilation asks for, were it not cached
        doubled.inner.get_call_template((kind,), {})
    assert doubled.inner.signatures == [(numba.int64,)]
    (inner,) = doubled.inner.overloads.values()
    assert inner.library.get_pointer_to_function(inner.fndesc.llvm_cpython_wrapper_name) == 0
    assert doubled.signatures == []  # a version for Python is made when Python calls it
    assert doubled(4) == 8
    assert doubled.signatures == [(numba.int64,)]


def test_a_kernel_for_both_is_compiled_once():
    tripled = compiled.compile_cached(lambda n: 3 * n, "test", both=True)
    assert tripled.inner is tripled


COMPILES = """
import numpy as np
from exonu.detector.random_numbers import exponential
exponential(np.ones(2, dtype=np.uint64))
print(sum(exponential.stats.cache_hits.values()), sum(exponential.stats.cache_misses.values()))
"""


def test_another_clone_compiles_nothing_anew(tmp_path):
    said = []
    for name in ("one", "other"):
        shutil.copytree(Path(compiled.__file__).parents[1], tmp_path / name / "exonu")
        environment = {
            **os.environ,
            "PYTHONPATH": str(tmp_path / name),
            "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        }
        said.append(
            subprocess.run(
                [sys.executable, "-c", COMPILES], env=environment, capture_output=True, text=True
            )
        )
    assert [ended.stderr for ended in said] == ["", ""]
    assert [ended.stdout.split() for ended in said] == [["0", "1"], ["1", "0"]]


TWO_TYPES = """
import sys
import time
from exonu.core import compiled
from numba.core.caching import IndexDataCacheFile

@compiled.kernel
def half(x):
    return x / 2

save = IndexDataCacheFile._save_index

def slow(self, overloads):  # the other process looks while this one has chosen a name
    time.sleep(2)
    save(self, overloads)

IndexDataCacheFile._save_index = slow
value = {"float": 3.7, "int": 3}[sys.argv[1]]
assert half(value) == value / 2
"""


def test_processes_that_compile_for_different_types_at_once_do_not_mix_their_codes(tmp_path):
    script = tmp_path / "exonu_script.py"
    script.write_text(TWO_TYPES)
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def started(kind):
        return subprocess.Popen([sys.executable, script, kind], env=environment)

    for _ in range(2):  # once to compile at the same time, once from the cache
        running = [started(kind) for kind in ("float", "int")]
        assert [process.wait() for process in running] == [0, 0]
        assert len(list(tmp_path.rglob("*.nbc"))) == 2
