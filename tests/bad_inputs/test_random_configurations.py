"""Valid configurations with one to three random changes: an `InputError`, or it is still valid;
nothing else."""

import copy
import json
import os
import shutil
from contextlib import suppress

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planning import plan
from valid_inputs import write_events, write_published, write_workspace

from bad_inputs import json_or_yaml
from exonu.core.errors import InputError
from exonu.search.limit_records import limit_of_workspace

TIMES = int(os.environ.get("EXONU_TIMES_EXAMPLES", "1"))
"""More examples than the fast tests have time for: 20 of them found nothing more."""

ODD = st.one_of(
    st.sampled_from([
        None, True, "", " ", "-1", "nan", "1e5", 0, -1, 1, 0.5, -0.5, 1e-300, 1e300, 2**63, 10**30, 10**400,
        float("nan"), float("inf"), [], [[]], [None], {}, {"a": {}}, "../../..", "/", ".", "a\nb", "\0", "ｘ", "é",
        "\u202e",
        "💥" * 50, "x" * 5000, "*a", "{", "__import__('os')", "9**9**9", "2013-02-31",
    ]),
    st.integers(), st.floats(), st.text(max_size=20), st.lists(st.floats(-10, 10), max_size=4),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2), st.dates(),
).map(copy.deepcopy)  # fmt: skip
"""A value of its own each time: what one example puts into a list must not be in the next."""


def places(content, path=()):
    """All keys and indices of nested mappings and lists."""
    entries = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    for key, value in entries:
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(content, data):
    """A copy with one to three changes: a key removed, renamed, added, doubled in a list, or of
    another value."""
    content = copy.deepcopy(content)
    for _ in range(data.draw(st.integers(1, 3), "changes")):
        there = list(places(content))
        if not there:
            break
        *parents, last = data.draw(st.sampled_from(there), "place")
        place = content
        for key in parents:
            place = place[key]
        kind = data.draw(st.sampled_from(["remove", "value", "sign", "add", "scale"]), "kind")
        old = place[last]
        if kind == "remove":
            del place[last]
        elif kind == "add" and isinstance(place, dict):
            place[data.draw(st.one_of(st.text(max_size=8), st.integers()), "key")] = data.draw(
                ODD, "new"
            )
        elif kind == "add":
            place.append(copy.deepcopy(old))
        elif (
            kind in ("sign", "scale") and isinstance(old, int | float) and not isinstance(old, bool)
        ):
            power = data.draw(st.integers(-30, 30), "power") if kind == "scale" else 0
            with suppress(OverflowError):  # a whole number that no float can hold stays as it is
                place[last] = -old if kind == "sign" else old * 10**power
        else:
            place[last] = data.draw(ODD, "value")
    return content


@pytest.fixture(scope="module", params=["published", "events"])
def valid(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    {"published": write_published, "events": write_events}[request.param](folder)
    files = sorted((folder / "config").rglob("*.yaml"))
    return folder, files, {file: yaml.safe_load(file.read_text()) for file in files}


@given(data=st.data())
@settings(max_examples=150 * TIMES, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_planning(valid, data):
    folder, files, contents = valid
    for file in files:  # as they were, whatever the example before has made of them
        file.write_text(yaml.safe_dump(contents[file], sort_keys=False))
    file = data.draw(st.sampled_from(files), "file")
    file.write_text(
        yaml.safe_dump(changed(contents[file], data), sort_keys=False, allow_unicode=True)
    )
    try:
        plan(folder / "config" / "config.yaml")
    except InputError as error:
        assert_clear(error, folder)


@given(content=st.text(max_size=200) | st.binary(max_size=200))
@settings(max_examples=100 * TIMES, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_as_a_file(valid, content):
    folder, files, contents = valid
    for file in files:
        written = content if isinstance(content, bytes) else content.encode(errors="surrogatepass")
        file.write_bytes(written)
        with pytest.raises(InputError) as error:
            plan(folder / "config" / "config.yaml")
        assert_clear(error.value, folder)
        file.write_text(yaml.safe_dump(contents[file], sort_keys=False))


@given(data=st.data())
@settings(max_examples=100 * TIMES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pyhf's
def test_workspaces(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("workspace", numbered=True)
    write_workspace(folder)
    content = json.loads((folder / "workspace.json").read_text())
    (folder / "workspace.json").write_text(json_or_yaml("workspace.json", changed(content, data)))
    try:
        limit_of_workspace(folder / "workspace.json", 0.9)
    except InputError as error:
        assert_clear(error, folder)
    shutil.rmtree(folder)


def assert_clear(error, folder):
    """It names a file of the folder, says something, and can be printed."""
    for line in str(error).splitlines():
        assert line.startswith((str(folder), "  ")), str(error)
    str(error).encode()
