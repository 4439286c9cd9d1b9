"""Nothing that a user gives is run: no pickle, no eval, YAML read safely, no archive unpacked by
its own paths."""

import ast
import os
import pickle

import numpy as np
import pytest
from parsed_library import LIBRARY, MODULES, nodes

from exonu.core.errors import InputError
from exonu.core.settings import read_yaml
from exonu.detector.light_map.light_map import LightMap

ROOT = LIBRARY.parents[2]
FORBIDDEN_MODULES = {
    "pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "code",
    "codeop",
    "jsonpickle",
}
FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.full_load", "yaml.unsafe_load",
    "yaml.load_all",
    "pd.read_pickle", "pd.eval", "pandas.read_pickle", "pandas.eval",
}  # fmt: skip
FORBIDDEN_METHODS = {"extractall", "extract", "to_pickle", "read_pickle", "eval", "unpack_archive"}


ALLOWED = {"core/compiled.py": ["imports pickle"]}
"""numba keeps compiled code as pickles: who may write its cache is trusted with machine code anyway."""


def found(file):
    """Calls as `a.b.c`, with their nodes, and names of imported modules."""
    for node in nodes(file, ast.Call, ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node
        elif isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module), None


def faults(file):
    """What the file does that nothing here may do."""
    for name, call in found(file):
        keywords = (
            {} if call is None else {word.arg: ast.unparse(word.value) for word in call.keywords}
        )
        if call is None:
            if name.split(".")[0] in FORBIDDEN_MODULES:
                yield f"imports {name}"
        elif name in FORBIDDEN_CALLS or (
            "." in name and name.rpartition(".")[2] in FORBIDDEN_METHODS
        ):
            yield f"calls {name}"
        elif name in ("np.load", "numpy.load") and keywords.get("allow_pickle") != "False":
            yield "np.load without allow_pickle=False"
        elif name == "yaml.load" and keywords.get("Loader") != "_Loader":
            yield "yaml.load with another loader than ours"
        elif name in ("yaml.parse", "yaml.compose") and keywords.get("Loader") != "_SAFE_LOADER":
            yield f"{name} with another loader than the safe one"
        elif name.startswith("subprocess.") and keywords.get("shell", "False") != "False":
            yield f"{name} through a shell"


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(LIBRARY)))
def test_no_module_runs_what_it_reads(file):
    assert list(faults(file)) == ALLOWED.get(str(file.relative_to(LIBRARY)), [])


@pytest.mark.parametrize(
    "text",
    [
        "import pickle", "from joblib import load", "eval(x)", "exec(x)", "a.eval('x')", "np.load(f)",
        "yaml.load(t, Loader=yaml.Loader)",
        "np.load(f, allow_pickle=True)", "yaml.unsafe_load(t)", "zipped.extractall(d)", "subprocess.run(x, shell=True)",
        "yaml.load(t)", "os.system(x)", "pd.read_pickle(f)",
    ],
)  # fmt: skip
def test_the_scan_sees(text, tmp_path):
    (tmp_path / "module.py").write_text(text)
    assert len(list(faults(tmp_path / "module.py"))) == 1


def test_the_loader_is_a_safe_one():
    import yaml

    from exonu.core.yaml_files import _Loader

    assert issubclass(_Loader, yaml.SafeLoader | getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch {mark}']", "!!python/name:os.system",
        "!!python/object/new:os.system ['touch {mark}']",
        "!!python/module:os", "!!python/tuple [1]", "!mine 3",
    ],
)  # fmt: skip
def test_yaml_runs_nothing(tag, tmp_path):
    (tmp_path / "x.yaml").write_text(f"a: {tag.format(mark=tmp_path / 'mark')}\n")
    with pytest.raises(
        InputError, match=r"x\.yaml: line 1: could not determine a constructor for the tag"
    ):
        read_yaml(tmp_path / "x.yaml")
    assert not (tmp_path / "mark").exists()


class Hostile:
    """Unpickled, it makes a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (self.folder,)


@pytest.fixture
def light_map(tmp_path):
    """Files of a light map, each an empty array."""
    from exonu.detector.light_map.light_map import _ARRAYS, _RECORD

    for name in _ARRAYS:
        np.save(tmp_path / f"{name}.npy", np.zeros(3))
    (tmp_path / _RECORD).write_text('{"collection_at_centre": 0.5}')
    return tmp_path, [tmp_path / f"{name}.npy" for name in _ARRAYS]


def test_a_light_map_unpickles_nothing(light_map):
    folder, files = light_map
    mark = folder / "mark"
    for file in files:
        good = file.read_bytes()
        np.save(file, np.array([Hostile(str(mark))], dtype=object), allow_pickle=True)
        with pytest.raises(InputError, match="is not a complete light map"):
            LightMap.load(folder)
        file.write_bytes(pickle.dumps(Hostile(str(mark))))
        with pytest.raises(InputError, match="is not a complete light map"):
            LightMap.load(folder)
        file.write_bytes(good)
    assert not mark.exists()


@pytest.mark.parametrize("share", [0, 0.3, 0.99])
def test_a_truncated_light_map(light_map, share):
    folder, files = light_map
    for file in files:
        good = file.read_bytes()
        file.write_bytes(good[: int(share * len(good))])
        with pytest.raises(InputError, match="is not a complete light map"):
            LightMap.load(folder)
        file.write_bytes(good)


def test_a_light_map_with_another_record(light_map):
    folder, _ = light_map
    from exonu.detector.light_map.light_map import _RECORD

    for record in ("{}", "[]", '{"collection_at_centre": "x"}'):
        (folder / _RECORD).write_text(record)
        with pytest.raises(InputError, match="is not a complete light map"):
            LightMap.load(folder)
