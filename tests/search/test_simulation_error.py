"""Whether enough is simulated."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exonu.report.figures.size_of_simulation import draw_simulation_error
from exonu.search.experiment.binned_spectrum import Background
from exonu.search.studies.simulation_error import (
    SUM,
    error_ratio,
    simulation_error_table,
    simulation_meaning,
    simulation_notes,
    sufficient_days,
)

EDGES = np.array([2.0, 50.0, 100.0, 150.0, 200.0])


def experiment(times, days=10.0, unseen=0.0):
    """One background of 100 counts a bin, simulated so many times the live time."""
    counts = np.full(4, 100.0) + unseen
    rare = {"unseen_wall_2_50": np.array([unseen, 0, 0, 0])} if unseen else {}
    wall = Background(
        "wall", "wall", counts, np.sqrt(100.0 / np.broadcast_to(times, 4)), 0.1, unseen=rare
    )
    return SimpleNamespace(
        backgrounds=(wall,), background=counts, low_keV=EDGES[:-1], high_keV=EDGES[1:], live_days=days,
        is_from_events=True, is_simulated=True,
    )  # fmt: skip


@given(st.floats(0.1, 1000), st.floats(0.1, 1000))
def test_a_simulation_of_n_times_the_live_time_has_one_over_root_n_of_its_error(times, days):
    one = experiment(times)
    np.testing.assert_allclose(error_ratio(one, 10.0), times**-0.5)
    np.testing.assert_allclose(error_ratio(one, days), np.sqrt(days / 10 / times))
    # nine times the live time is enough up to 100 keVee, four times above
    assert sufficient_days(one)[0] == pytest.approx(10 * times / 9)
    worst = experiment(np.array([times, times, times / 3, times]))
    assert sufficient_days(worst) == (pytest.approx(10 * times / 12), 2)


def test_counts_too_rare_for_the_simulation_are_an_error_as_large():
    one = experiment(1e9, unseen=5.0)
    assert error_ratio(one, 10.0)[0] == pytest.approx(5 / np.sqrt(105))
    row = simulation_error_table(one, [10.0]).iloc[0]
    assert (row["counts"], row["unseen"]) == (105, 5)
    assert row["effective_events"] == pytest.approx((105 / 5) ** 2, rel=1e-3)


def test_notes_say_where_and_how_much():
    meaning = simulation_meaning(experiment(np.array([90.0, 9.0, 90.0, 90.0])))
    assert meaning == {
        "simulation_suffices_days": 10.0,
        "simulation_worst_bin_keVee": [50.0, 100.0],
    }
    assert simulation_notes(meaning, 9.9, loosened=1.05) == []
    [too_small, looser] = simulation_notes(meaning, 711, loosened=1.5)
    assert "suffices for 10 live days, not for 711 (in the bin of 50 to 100 keVee" in too_small
    assert looser.endswith("loosens this limit by a factor 1.5")
    assert simulation_notes({}, 711) == []  # a published spectrum
    assert simulation_meaning(SimpleNamespace(is_from_events=False)) == {}


def test_table_and_figure():
    one = experiment(np.array([90.0, 9.0, 4.5, 90.0]))
    table = simulation_error_table(one, [10.0, 711.0])
    assert table.groupby(["live_days", "background"]).size().tolist() == [4] * 4
    total = table[table["background"] == SUM]
    assert total["met"].tolist() == [True, True, True, True] + [False] * 4
    np.testing.assert_allclose(total["counts"].to_numpy()[4:], 7110)
    figure = draw_simulation_error(table, "toy")
    words = " ".join(text.get_text() for axes in figure.axes for text in axes.texts)
    legends = [axes.get_legend() for axes in figure.axes] + figure.legends
    labels = [text.get_text() for one in legends if one for text in one.get_texts()]
    assert "simulated" in words
    assert labels == ["10 d", "711 d, not met in 4 of 4 bins", "required", "wall", SUM]
