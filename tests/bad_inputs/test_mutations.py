"""No public command ends in a traceback, whatever the file: seeded mutations of every kind of input."""

import os
import random
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import KINDS, Inputs, changed_member, changed_text, kind_of, run

from exonu.archive.container import read_archive
from exonu.core.errors import InputError

FEW, MANY = 100, int(os.environ.get("EXONU_MUTATIONS", "10000"))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return Inputs(tmp_path_factory.mktemp("mutations"))


@pytest.mark.filterwarnings("ignore")
def test_a_sample_of_mutations(inputs):
    """The first two mutations of each kind of input."""
    of_kind = {}
    for seed in range(FEW):
        of_kind.setdefault(kind_of(seed)[0], []).append(seed)
    outcomes = [inputs.outcome(seed) for seeds in of_kind.values() for seed in seeds[:2]]
    assert [one for one in outcomes if one.result in ("hang", "traceback")] == []
    assert {one.result for one in outcomes} >= {"refused", "accepted", "without effect"}
    assert len({one.kind for one in outcomes}) == len(KINDS)
    for one in outcomes:
        if one.result == "refused":
            assert one.said.strip()


def test_a_mutation_is_the_same_for_ever(inputs):
    folder, *_ = inputs.valid("spectrum (CSV)")
    content = (folder / "spectrum.csv").read_bytes()
    one, other = (changed_text(content, random.Random(3)) for _ in range(2))
    assert one == other != (content, one[1])


def test_a_repacked_archive_has_right_checksums(inputs):
    """Whatever is refused then is refused for its content."""
    folder, *_ = inputs.valid("archive, repacked with right checksums")
    made, _ = changed_member((folder / "archive.zip").read_bytes(), random.Random(1))
    (folder / "again.zip").write_bytes(made)
    assert (
        read_archive(folder / "again.zip").members.keys()
        == read_archive(folder / "archive.zip").members.keys()
    )
    (folder / "again.zip").unlink()


CONTENT = st.binary(max_size=300) | st.text(max_size=200).map(
    lambda text: text.encode(errors="surrogatepass")
)


@pytest.mark.parametrize("name", [name for name in KINDS if "repacked" not in name])
@pytest.mark.filterwarnings("ignore")
@given(content=CONTENT)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_content_of_any_input(inputs, name, content):
    """Read or refused: whatever else happens is a fault of ours."""
    valid, *_ = inputs.valid(name)
    place = inputs.folder / "any"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(valid, place)
    for file in KINDS[name].files[:1]:
        (place / file).write_bytes(content)
    with pytest.raises(InputError) as error:
        inputs.result(name, place)
    assert str(error.value).strip()


@pytest.mark.slow
def test_many_mutations():
    assert run(MANY) == 0
