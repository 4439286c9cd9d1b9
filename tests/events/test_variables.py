"""Raw variables against their definitions, event by event."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_files import make_events

from exonu.events.raw.raw_events import Events
from exonu.events.variables import DOCUMENTED, raw_variables, time_since_previous_ms

HITS = st.lists(
    st.tuples(st.floats(0.25, 50, width=32), st.floats(-100, 1000, width=32)), max_size=6
)


@given(st.lists(HITS, max_size=5))
def test_definitions(lists):
    charge = [[hit[0] for hit in hits] for hits in lists]
    time = [[hit[1] for hit in hits] for hits in lists]
    found = raw_variables(
        Events.of([[0] * len(hits) for hits in lists], charge, time), early_window_ns=20
    )
    for place, hits in enumerate(lists):
        q, t = np.array(charge[place]), np.array(time[place])
        assert found["n_hits"][place] == len(hits)
        assert found["total_pe"][place] == pytest.approx(q.sum(), rel=1e-6)
        if hits:
            assert found["max_pe_share"][place] == pytest.approx(q.max() / q.sum(), rel=1e-6)
            assert found["hit_time_rms_ns"][place] == pytest.approx(t.std(), rel=1e-5, abs=2e-5)
            assert found["early_fraction"][place] == pytest.approx(
                np.mean(np.float32(t - t.min()) < 20)
            )
        else:
            assert np.isnan(
                [
                    found[name][place]
                    for name in ("max_pe_share", "hit_time_rms_ns", "early_fraction")
                ]
            ).all()


def test_rms_of_late_windows_is_not_lost():
    """1e6 ns after a common start, the spread of 1 ns is still there."""
    events = Events.of([[0, 1, 2]], [[1.0] * 3], [[1e6, 1e6 + 1, 1e6 + 2]])
    found = raw_variables(events, early_window_ns=20)
    assert found["hit_time_rms_ns"][0] == pytest.approx(np.sqrt(2 / 3), rel=1e-6)


def test_triggers():
    events = make_events(200)
    found = raw_variables(events, early_window_ns=20)
    assert found["inner_trigger"].all()
    np.testing.assert_array_equal(found["outer_trigger"], events.trigger == 3)


def test_time_since_previous():
    found = time_since_previous_ms(np.array([0.5, 0.75, 2.0]), 0.25)
    np.testing.assert_allclose(found, [250, 250, 1250])


def test_every_raw_variable_is_documented():
    found = raw_variables(make_events(), early_window_ns=20)
    assert found.keys() <= DOCUMENTED.keys()
    for name, values in found.items():
        assert (values.dtype == bool) == DOCUMENTED[name].is_truth


def test_the_documentation_lists_every_variable_and_function():
    from pathlib import Path

    from exonu.events.expressions import FUNCTIONS

    page = (Path(__file__).resolve().parents[2] / "docs" / "events.md").read_text()
    for variable in DOCUMENTED.values():
        assert f"| `{variable.name}` | {variable.meaning}" in page
    assert f"`{' '.join(FUNCTIONS)}`" in page
