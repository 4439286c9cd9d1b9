"""Compiled kernels: their cache follows every module that they import."""

import numba
import pytest

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
