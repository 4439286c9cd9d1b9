"""Settings: every fault gets one message with file, field and remedy; defaults come from the
schema."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exonu.core.errors import InputError, InputErrors
from exonu.core.resources import schema_path
from exonu.core.settings import checked, merged, read_schema, read_yaml
from exonu.search.analysis import find_analysis, read_analysis, read_config

ANALYSIS = schema_path("analysis.yaml")
MINIMAL = {"config_version": 1, "experiment": "experiment.yaml"}


def analysis_with(**keys):
    return checked({**MINIMAL, **keys}, ANALYSIS, "config/x.yaml")


def test_defaults_reach_every_depth():
    settings = analysis_with(interactions={"dark-photon": {"masses_MeV": {"number": 5}}})
    assert settings["interactions"]["dark-photon"]["masses_MeV"] == {
        "minimum": 1e-5,
        "maximum": 100,
        "number": 5,
    }
    atomic = settings["physics"]["atomic"]
    assert [atomic[name] for name in ("weak", "dark-photon", "millicharge")] == [
        "stepping",
        "stepping",
        "pai",
    ]
    assert settings["statistics"]["confidence_level"] == 0.9


def test_the_default_physics_is_that_of_the_library():
    from exonu.interactions import Physics

    assert Physics.from_settings(analysis_with()["physics"]) == Physics()


MESSAGES = {
    "unknown key": (
        {"blnd": True},
        r"config/x\.yaml: blnd: is not a known key; did you mean `blind`\?",
    ),
    "unknown key below": (
        {"physics": {"solar": "x"}},
        r"config/x\.yaml: physics\.solar: is not a known key; .*solar_model",
    ),
    "text for a number": (
        {"statistics": {"confidence_level": "0.9"}},
        r"statistics\.confidence_level: must be a number \(got the text '0\.9'\); write the bare number, without unit",
    ),
    "out of range": (
        {"statistics": {"confidence_level": 90}},
        r"confidence_level: must be < 1 \(got 90\); it means",
    ),
    "not a choice": (
        {"physics": {"solar_model": "SSM"}},
        r"physics\.solar_model: must be one of SFII-GS98, B16-GS98, B16-AGSS09met \(got the text 'SSM'\)",
    ),
    "nan": (
        {"physics": {"neutrino_mass_eV": float("nan")}},
        r"neutrino_mass_eV: must be a finite number \(got nan\)",
    ),
    "twice": ({"physics": {"sources": ["pp", "pp"]}}, r"physics\.sources: has an entry twice"),
    "empty": ({"physics": {"sources": []}}, r"physics\.sources: must have at least 1 entries"),
    "wrong kind": ({"blind": "yes"}, r"blind: must be true or false \(got the text 'yes'\)"),
}


@pytest.mark.parametrize(("keys", "message"), MESSAGES.values(), ids=MESSAGES)
def test_message(keys, message):
    with pytest.raises(InputError, match=message):
        analysis_with(**keys)


def test_a_missing_key_says_what_it_means():
    with pytest.raises(
        InputError, match=r"x\.yaml: analyses: is missing; add it: Names of the analyses to run"
    ):
        checked({"config_version": 1}, schema_path("config.yaml"), "x.yaml")


def test_all_faults_come_at_once():
    with pytest.raises(InputErrors) as caught:
        analysis_with(blnd=True, seed=-1)
    assert len(caught.value.errors) == 2


@pytest.mark.parametrize("version", [None, 2, "1"])
def test_another_version_of_the_layout_is_refused(version):
    with pytest.raises(
        InputError,
        match=r"x\.yaml: config_version: is .*this exonu reads 1; write `config_version: 1`",
    ):
        checked({"config_version": version, "experiment": "e"}, ANALYSIS, "x.yaml")


YAML_FAULTS = {
    "a: 1\na: 2\n": r"line 2: 'a' is there twice",
    "a: [1\nb: 2\n": r"x\.yaml: line \d: .*; mind indentation",
    "- 1\n": r"holds no `key: value` lines",
    "": r"holds no `key: value` lines",
    "a: !!python/object:os.system x\n": r"could not determine a constructor",
}


@pytest.mark.parametrize(("text", "message"), YAML_FAULTS.items())
def test_yaml_faults(tmp_path, text, message):
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_yaml(tmp_path / "x.yaml")


def test_yaml_reads_numbers_as_people_write_them(tmp_path):
    (tmp_path / "x.yaml").write_text("a: 1e-5\nb: 1.0e-5\nc: .5\nd: -2E3\ne: 1.2.3\n")
    assert read_yaml(tmp_path / "x.yaml") == {
        "a": 1e-5,
        "b": 1e-5,
        "c": 0.5,
        "d": -2e3,
        "e": "1.2.3",
    }


def test_yaml_that_is_missing_or_binary(tmp_path):
    with pytest.raises(InputError, match=r"gone\.yaml: cannot be read"):
        read_yaml(tmp_path / "gone.yaml")
    (tmp_path / "x.yaml").write_bytes(b"\x80\xfe\x00")
    with pytest.raises(InputError, match="is not text in UTF-8"):
        read_yaml(tmp_path / "x.yaml")


trees = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
mappings = st.dictionaries(st.text(max_size=2), trees, max_size=3)


@given(mappings, mappings)
def test_an_override_wins_and_is_idempotent(base, override):
    once = merged(base, override)
    assert merged(once, override) == once
    assert merged(base, {}) == base
    assert merged({}, override) == override


def every_node(schema):
    yield schema
    for part in (
        schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    ):
        if isinstance(part, dict | list):
            yield from every_node(part)


@pytest.mark.parametrize(
    "file", [schema_path("config.yaml"), ANALYSIS, schema_path("experiment.yaml")]
)
def test_schemas_are_valid_and_describe_every_key(file):
    import jsonschema

    schema = read_schema(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    for node in every_node(schema):
        for key, part in (node.get("properties") or {}).items() if isinstance(node, dict) else ():
            if isinstance(part, dict) and part and not {"const", "allOf"} & part.keys():
                target = (
                    schema["$defs"].get(str(part.get("$ref", "")).rpartition("/")[2], {})
                    if "$ref" in part
                    else {}
                )
                assert "description" in {**target, **part}, key


def write_config(folder, name="mine", **keys):
    lines = [f"{key}: {value}" for key, value in {**MINIMAL, **keys}.items()]
    (folder / f"{name}.yaml").write_text("\n".join(lines) + "\n")


def test_config_names_its_analyses(tmp_path):
    write_config(tmp_path)
    config = {"config_version": 1, "analyses": ["mine"], "overrides": {"mine": {"seed": 7}}}
    [analysis] = read_config(config, tmp_path / "config.yaml")
    assert (analysis.name, analysis.settings["seed"]) == ("mine", 7)
    assert analysis.experiment_file == tmp_path / "experiment.yaml"


def test_an_analysis_may_be_a_folder_but_not_both(tmp_path):
    (tmp_path / "mine").mkdir()
    write_config(tmp_path / "mine", "analysis")
    assert find_analysis("mine", tmp_path) == tmp_path / "mine" / "analysis.yaml"
    write_config(tmp_path)
    with pytest.raises(InputError, match="has two files"):
        find_analysis("mine", tmp_path)


def test_an_analysis_without_a_file(tmp_path):
    with pytest.raises(InputError, match=r"analyses: the analysis 'gone' has no file .*exonu init"):
        read_config({"config_version": 1, "analyses": ["gone"]}, tmp_path / "config.yaml")


def test_comparison_is_no_name_of_an_analysis(tmp_path):
    with pytest.raises(InputError, match=r"analyses: 'comparison' is the folder of figures"):
        read_config({"config_version": 1, "analyses": ["comparison"]}, tmp_path / "config.yaml")


def test_an_override_of_an_analysis_that_is_not_run(tmp_path):
    write_config(tmp_path)
    config = {"config_version": 1, "analyses": ["mine"], "overrides": {"yours": {}}}
    with pytest.raises(InputError, match=r"overrides\.yours: is not one of the analyses"):
        read_config(config, tmp_path / "config.yaml")


def test_a_mass_grid_upside_down(tmp_path):
    write_config(tmp_path, interactions="{dark-photon: {masses_MeV: {minimum: 10, maximum: 1}}}")
    with pytest.raises(
        InputError, match=r"masses_MeV\.minimum: must be < maximum \(got 10 and 1\)"
    ):
        read_analysis("mine", tmp_path / "mine.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10", 10), ("-3", -3), ("+3", 3), ("0", 0), ("0x1F", 31), ("0o17", 15), ("1e5", 1e5), ("1.e-2", 0.01),
        (".5", 0.5), ("-1.5E+3", -1500.0), ("00.5", 0.5), ("true", True), ("False", False),
        ("1:30", "1:30"), ("1_000", "1_000"), ("0b11", "0b11"), ("yes", "yes"), ("no", "no"), ("on", "on"),
    ],
)  # fmt: skip
def test_yaml_is_read_as_version_1_2(tmp_path, text, value):
    """In YAML 1.1, `1:30` is 90, `1_000` is 1000, `0b11` is 3 and `no` is false."""
    (tmp_path / "x.yaml").write_text(f"a: {text}\n")
    read = read_yaml(tmp_path / "x.yaml")["a"]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("text", ["010", "08", "-017", "00"])
def test_a_leading_zero_is_asked_about(tmp_path, text):
    """8 in YAML 1.1, 10 in YAML 1.2: whichever is read, somebody meant the other."""
    (tmp_path / "x.yaml").write_text(f"b: 1\na: {text}\n")
    with pytest.raises(InputError, match=rf"x\.yaml: line 2: {text} is 8-based to some programs"):
        read_yaml(tmp_path / "x.yaml")
