"""Compiled kernels: their cache follows every module that they import."""

import hashlib
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import llvmlite
import numba
import numpy as np
import pytest
from numba import types

from exonu.core import compiled
from exonu.core.digest import code_digest

ROOT = Path(__file__).resolve().parents[2]


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
from exonu.core import compiled

@compiled.kernel
def half(x):
    return x / 2

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
        assert not list(tmp_path.rglob("*.part"))


# -- a cache that cannot be used as it should


def fresh(cache, function=root):
    """The function compiled as in a new process, and called; its hits and misses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numba.config, "CACHE_DIR", str(cache))
        made = compiled.compile_cached(function, "digest")
        assert made(9.0) == 3
    return sum(made.stats.cache_hits.values()), sum(made.stats.cache_misses.values())


def flipped(content):
    return content[:-100] + bytes([content[-100] ^ 1]) + content[-99:]


DAMAGE = {
    "emptied": lambda content: b"",
    "truncated": lambda content: content[: len(content) // 2],
    "a flipped bit": flipped,
    "of another program": lambda content: b"not a code",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_compiled_again_once(tmp_path, damage):
    assert fresh(tmp_path) == (0, 1)
    (file,) = tmp_path.rglob("*.nbc")
    file.write_bytes(damage(file.read_bytes()))
    assert fresh(tmp_path) == (0, 1)
    assert fresh(tmp_path) == (1, 0)


def test_a_whole_file_of_another_layout_is_compiled_again(tmp_path):
    fresh(tmp_path)
    (file,) = tmp_path.rglob("*.nbc")
    payload = pickle.dumps((1, 2, 3))
    file.write_bytes(hashlib.sha256(payload).digest() + payload)
    assert fresh(tmp_path) == (0, 1)
    assert fresh(tmp_path) == (1, 0)


@pytest.mark.parametrize(
    ("package", "name"),
    [(numba, "__version__"), (llvmlite, "__version__"), (sys, "implementation")],
)
def test_other_versions_never_share_a_file(tmp_path, monkeypatch, package, name):
    assert fresh(tmp_path) == (0, 1)
    other = SimpleNamespace(cache_tag="other-999") if name == "implementation" else "0.0.other"
    monkeypatch.setattr(package, name, other)
    assert fresh(tmp_path) == (0, 1)
    assert len(list(tmp_path.rglob("*.nbc"))) == 2


def test_another_processor_never_shares_a_file(tmp_path, monkeypatch):
    assert fresh(tmp_path) == (0, 1)
    codegen = type(root_compiled().targetctx.codegen())
    monkeypatch.setattr(codegen, "magic_tuple", lambda self: ("x86_64", "another", "+avx1024"))
    assert fresh(tmp_path) == (0, 1)


def root_compiled():
    return compiled.compile_cached(root, "digest")


def test_no_place_for_a_cache_is_said_once_and_costs_no_result(tmp_path, caplog):
    (tmp_path / "file").write_text("no folder can be here")
    compiled._said.clear()
    for _ in range(2):
        assert fresh(tmp_path / "file") == (0, 1)
    (record,) = caplog.records
    assert "compiled code is not kept" in record.message
    assert "Not a directory" in record.message
    assert "set XDG_CACHE_HOME" in record.message


def test_a_user_without_a_home(monkeypatch, caplog):
    def none():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(Path, "home", none)
    compiled._said.clear()
    assert root_compiled()(9.0) == 3
    assert "Could not determine home" in caplog.text


TWO_LIMITS = """
import sys
from exonu.cli import main
masses = ["--mass-mev", "0.001,10"]  # one limit alone would need no compiled code
sys.exit(main(["limit", sys.argv[1], "--interaction", "dark-photon", *masses]))
"""
NOT_ROOT = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner")
"""Root without what makes permissions void for it."""


@pytest.mark.slow
@pytest.mark.parametrize("state", ["unreadable", "read-only", "damaged"])
def test_a_user_who_may_write_nothing_gets_the_same_limits(tmp_path, state):
    """The published analysis with the cache of another user and a source tree that is read-only."""
    is_root = os.getuid() == 0
    if is_root and shutil.which("setpriv") is None:
        pytest.skip("permissions are void for root, and setpriv is not there")
    repository, tree, cache = ROOT, tmp_path / "tree", tmp_path / "cache"
    for part in ("workflow", "resources"):
        shutil.copytree(
            repository / part, tree / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    experiment = tree / "resources" / "published" / "xenonnt-sr0" / "experiment.yaml"
    environment = {key: text for key, text in os.environ.items() if key != "NUMBA_CACHE_DIR"}
    environment |= {"PYTHONPATH": str(tree / "workflow" / "src"), "XDG_CACHE_HOME": str(cache)}

    def limit(*before):
        call = [*before, sys.executable, "-c", TWO_LIMITS, experiment]
        ended = subprocess.run(call, env=environment, capture_output=True, text=True, cwd=tree)
        assert ended.returncode == 0, ended.stderr
        return ended

    ours = limit()
    inside = [*cache.rglob("*"), cache, *tree.rglob("*"), tree]
    assert any(path.suffix == ".nbc" for path in inside)
    for path in inside:
        if state == "damaged" and path.suffix == ".nbc":
            path.write_bytes(path.read_bytes()[:1000])
        if is_root:
            os.chown(path, 65534, 65534)
    for path in sorted(inside, reverse=True):  # what is in a folder before the folder
        hidden = state == "unreadable" and path.is_relative_to(cache)
        path.chmod(0 if hidden else 0o555 if path.is_dir() else 0o444)
    try:
        theirs = limit(*NOT_ROOT) if is_root else limit()
    finally:
        for path in sorted(inside):
            path.chmod(0o755)
    assert theirs.stdout == ours.stdout
    lines = [line for line in theirs.stderr.splitlines() if "compiled code is not kept" in line]
    assert len(lines) == (0 if state == "read-only" else 1)


@compiled.kernel
def _makes_an_array(n):
    return np.zeros(n)


@compiled.kernel
def _takes_one(n):
    return _makes_an_array(n)[0]


@compiled.kernel
def _reads(values):
    return values[0]


@compiled.kernel
def _gives_back(values):
    return values


@pytest.mark.parametrize(
    ("kernel", "counts"), [(_makes_an_array, True), (_takes_one, True), (_reads, False)]
)
def test_references_are_counted_where_arrays_are_made(kernel, counts):
    assert kernel.inner.targetoptions["_nrt"] is counts


def test_an_array_that_an_inner_kernel_did_not_make_is_not_returned():
    @compiled.kernel
    def caller(values):
        return _gives_back(values)[0]

    with pytest.raises(TypeError, match="_gives_back returns an array that it did not make"):
        caller(np.ones(2))
