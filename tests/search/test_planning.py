"""What is said before any work starts: that an analysis of data alone has no search."""

import pytest

from exonu.core.errors import InputError
from exonu.search.analysis import Analysis
from exonu.search.planning import OfSearches, region_faults

KNOWN = OfSearches({"demo": ["millicharge"]}, {"own": "config/own/events.yaml"})


def test_an_analysis_with_a_search_has_what_it_has():
    assert KNOWN["demo"] == ["millicharge"]
    assert list(KNOWN) == ["demo"]
    assert "own" not in KNOWN


def test_an_analysis_of_data_alone_says_what_it_lacks():
    with pytest.raises(InputError) as raised:
        KNOWN["own"]
    assert str(raised.value) == (
        "config/own/events.yaml: samples: is missing: own has data alone, and templates and limits need simulation to "
        "compare them with; add a sample sheet, see docs/events.md, or ask for results/own/cut_flow/cut_flow.csv"
    )


def test_control_regions_that_are_not_there_are_asked_for():
    block = {"systematics": {"control_regions": True}}
    variants = {"with": {"settings": block}, "without": {"settings": {}}}

    def faults(settings, n_regions=0):
        told = Analysis("demo", "analysis.yaml", {"variants": variants, **settings})
        return [str(fault) for fault in region_faults(told, n_regions)]

    assert faults({"systematics": {}}) == [
        "analysis.yaml: variants.with.settings.systematics.control_regions: asks for control regions, and there are "
        "none; give them in `templates.regions` of the events file, or remove it"
    ]
    assert [fault.split(": ")[1] for fault in faults({**block, "variants": {}})] == [
        "systematics.control_regions"
    ]
    assert faults({"systematics": {"control_regions": False}, "variants": {}}) == []
    assert faults(block, n_regions=1) == []


def test_what_nobody_declared_is_no_input_error():
    with pytest.raises(KeyError, match="other"):
        KNOWN["other"]
