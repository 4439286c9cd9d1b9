"""Figures: the same bytes twice, everything labelled, nothing covered, and what is missing said in
words."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from figure_inputs import make_counts, make_heading, make_limits, make_projected, make_published
from matplotlib.container import ErrorbarContainer
from matplotlib.image import imread
from matplotlib.text import Text

from exonu.core.errors import InputError
from exonu.interactions.anomalous_moment import anomalous_moment
from exonu.report.figures.coupling_mass import draw_coupling_mass
from exonu.report.figures.limit_summary import AnalysisLimits, draw_limits
from exonu.report.figures.looks.component_looks import component_looks
from exonu.report.figures.parts_of_the_fit import draw_parts
from exonu.report.figures.signal_spectra import draw_signals
from exonu.report.figures.stacked_spectrum import draw_spectrum
from exonu.report.figures.style import save, styled
from exonu.report.numbers.counts import write_counts
from exonu.report.numbers.figure_records import read_counts
from exonu.search.limit_rows import published_curves

DARK = [("dark-photon", "all", mass) for mass in (1e-3, 0.1, 10.0)]


@pytest.fixture
def published():
    return make_published()


def texts(figure):
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def limits_of(cases, **changes):
    heading = {
        key: changes.pop(key) for key in ("name", "is_simulated", "blinded") if key in changes
    }
    return AnalysisLimits(make_heading(**heading), make_limits(cases, **changes))


def curves(interactions=("millicharge",)):
    """Recoil and folded tables of a few points."""
    energy = np.array([1.0, 2.0, 3.0])
    parts = [("weak", np.nan, "stepping", np.nan)]
    parts += [(name, np.nan, model, 1e-12) for name in interactions for model in ("pai", "epa")]
    recoil = [
        pd.DataFrame(
            {
                "interaction": name, "flavour": "all", "mass_MeV": mass, "atomic": model, "strength": strength,
                "energy_keV": energy, "energy_low_keV": energy, "energy_high_keV": energy + 1,
                "rate_per_tonne_year_keV": 10.0 / energy,
            }
        )
        for name, mass, model, strength in parts
    ]  # fmt: skip
    efficiency = pd.DataFrame(
        {"energy_keV": [0.0, 4.0], "efficiency": [0.0, 0.9], "argument": "true energy"}
    )
    return pd.concat(recoil), pd.concat(recoil), efficiency


def figure_of(name, published):
    """Each kind of figure from small inputs."""
    one = [limits_of([("millicharge", "all", None), *DARK])]
    if name == "spectrum":
        return draw_spectrum(make_counts())
    if name == "signals":
        return draw_signals(*curves(), make_heading())
    if name == "limits":
        return draw_limits(one, published)
    return draw_coupling_mass(one, published_curves(), published, anomalous_moment("2020"))


@pytest.mark.parametrize(
    "name",
    [
        "spectrum",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("signals", "limits", "coupling_mass")
        ),
    ],
)
def test_same_bytes_twice_without_dates_or_versions(published, tmp_path, monkeypatch, name):
    files = [f"{name}.png", f"{name}.pdf"]
    for run, epoch in (("first", "1"), ("second", "1700000000")):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
        save(figure_of(name, published), [tmp_path / run / file for file in files], 60)
    for file in files:
        content = (tmp_path / "first" / file).read_bytes()
        assert content == (tmp_path / "second" / file).read_bytes()
        for word in (b"CreationDate", b"Software", b"Matplotlib v"):
            assert word not in content


def test_dots_per_inch_are_those_asked_for(tmp_path):
    for dpi in (50, 100):
        save(draw_spectrum(make_counts()), [tmp_path / f"{dpi}.png"], dpi)
    low, high = (imread(tmp_path / f"{dpi}.png").shape for dpi in (50, 100))
    assert (high[0], high[1]) == (2 * low[0], 2 * low[1])


def test_style_ignores_a_users_settings_and_leaves_them_alone():
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 33.0, "axes.grid": True}):
        with styled():
            assert mpl.rcParams["font.size"] == 10.0
            assert not mpl.rcParams["axes.grid"]
        assert mpl.rcParams["font.size"] == 33.0


@pytest.mark.parametrize("name", ["spectrum", "signals", "limits", "coupling_mass"])
def test_every_figure_says_whose_data_it_shows(published, name):
    shown = texts(figure_of(name, published)).replace(",\n", ", ")  # in two lines above narrow axes
    assert "Toy, 1.5 t yr, arXiv:0000.00000" in shown
    assert "simulated" not in shown
    assert "Asimov" not in shown


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"is_simulated": True}, "simulated"),
        ({"blinded": True}, "blinded: Asimov data"),
        ({"is_simulated": True, "blinded": True}, "simulated, blinded: Asimov data"),
    ],
)
def test_simulated_and_blinded_data_are_labelled_in_every_figure(published, state, said):
    cases = [("millicharge", "all", None), *DARK]
    one, two = limits_of(cases, **state), limits_of(cases, name="Plain")
    moment, lines = anomalous_moment("2020"), published_curves()
    for figure in (
        draw_spectrum(make_counts(**state)),
        draw_signals(*curves(), make_heading(**state)),
        draw_limits([one], published),
        draw_limits([two, one], published),
        draw_coupling_mass([one], lines, published, moment),
        draw_coupling_mass([two, one], lines, published, moment),
    ):
        assert said in texts(figure)


def test_legend_calls_asimov_and_simulated_data_so():
    def legend(**state):
        return [
            text.get_text() for text in draw_spectrum(make_counts(**state)).legends[0].get_texts()
        ]

    assert legend()[0] == "data"
    assert legend(blinded=True)[0] == "Asimov data (blinded)"
    assert legend(is_simulated=True)[0] == "simulated data"


@pytest.mark.parametrize(
    "background",
    [[20.0] * 12, np.geomspace(5000.0, 5.0, 12), np.linspace(1.0, 40.0, 12), [0.0, *[0.2] * 11]],
    ids=["flat", "steep", "rising", "almost empty"],
)
def test_legend_covers_no_data(background):
    figure = draw_spectrum(make_counts(observed=np.round(background), background=background))
    figure.draw_without_rendering()
    axes = figure.axes[0]
    box = figure.legends[0].get_window_extent()
    for panel in figure.axes:
        assert panel.get_window_extent().y0 > box.y1
    assert box.x1 <= figure.bbox.x1
    (bars,) = (c for c in axes.containers if isinstance(c, ErrorbarContainer))
    top = axes.get_ylim()[1]
    assert all(segment[-1][1] <= top for segment in bars.lines[2][0].get_segments())


def test_the_legend_lists_the_stack_from_its_top():
    texts_of_legend = [
        text.get_text() for text in draw_spectrum(make_counts()).legends[0].get_texts()
    ]
    assert texts_of_legend[1:3] == ["xenon", "krypton"]


def test_steep_spectra_get_a_logarithmic_axis():
    steep = np.geomspace(5000.0, 5.0, 4)
    assert draw_spectrum(make_counts(background=steep)).axes[0].get_yscale() == "log"
    assert draw_spectrum(make_counts()).axes[0].get_yscale() == "linear"


def test_empty_bins_and_gaps_are_drawn(tmp_path):
    counts = make_counts(observed=(0, 0, 0, 0), background=(0.0, 1.0, 2.0, 0.0), gap=2.0)
    figure = draw_spectrum(counts)
    save(figure, [tmp_path / "spectrum.png"], 60)
    assert figure.axes[1].get_xlim() == (1.0, 7.0)


def test_unequal_bins_are_shown_per_keV():
    counts = make_counts()
    wide = type(counts)(
        **{**counts.__dict__, "high_keV": counts.high_keV + np.array([0, 0, 0, 3.0])}
    )
    axes = draw_spectrum(wide).axes[0]
    (bars,) = (c for c in axes.containers if isinstance(c, ErrorbarContainer))
    np.testing.assert_allclose(bars.lines[0].get_ydata(), [3, 0, 7, 5 / 4])
    assert axes.get_ylabel() == "events / keV"


def test_bins_of_another_observable_are_named_by_it(tmp_path):
    counts = dataclasses.replace(make_counts(), axis=("S2", "PE"))
    write_counts(tmp_path / "counts.csv", counts)
    counts = read_counts(tmp_path / "counts.csv")
    upper, lower = draw_spectrum(counts).axes
    assert (upper.get_ylabel(), lower.get_xlabel()) == ("events / PE", "S2 [PE]")
    assert "keV" not in texts(draw_parts({"spectrum": counts}))
    _, seen, below = draw_signals(*curves(), make_heading(), counts.axis).axes
    assert (seen.get_xlabel(), below.get_xlabel()) == ("S2 [PE]", "true energy [keV]")
    assert seen.get_ylabel().endswith("[/(t yr PE)]")


def test_an_efficiency_of_the_same_quantity_shares_the_axis():
    recoil, folded, efficiency = curves()
    figure = draw_signals(
        recoil, folded, efficiency.assign(argument="reconstructed energy"), make_heading()
    )
    _, seen, below = figure.axes
    assert below.get_xlim() == seen.get_xlim() == (0, 4)
    assert below.get_xlabel() == "reconstructed energy [keV]"
    assert not seen.get_xlabel()


def test_parts_share_looks_and_a_legend_with_all_classes():
    """A region may lack a class of the spectrum, and have one that this lacks."""
    one = make_counts()
    backgrounds = {"argon": one.background, "xenon": 0.1 * one.background}
    figure = draw_parts(
        {"spectrum": one, "region": dataclasses.replace(one, backgrounds=backgrounds)}
    )
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:5] == ["data", "xenon", "krypton", "argon", r"background error, $\pm1\sigma$"]
    fills = [
        {patch.get_label(): patch.get_facecolor() for patch in axes.patches}["xenon"]
        for axes in figure.axes
        if axes.axison
    ]
    assert fills[0] == fills[1]


def test_signal_without_limit_is_named_and_not_drawn():
    assert "\nmillicharge, no limit" in texts(draw_spectrum(make_counts(strength=None)))
    assert "\nmillicharge, $q_\\nu = 2.0\\times 10^{-12}\\,e$" in texts(
        draw_spectrum(make_counts())
    )


def test_limits_show_what_failed_and_what_is_unconfirmed(published):
    failed = limits_of([("millicharge", "all", None), ("millicharge", "e", None)], observed=np.nan)
    figure = draw_limits([failed], published)
    assert texts(figure).count("no observed limit") == 2
    nothing = limits_of([("millicharge", "all", None)], observed=np.nan, expected=[np.nan] * 5)
    assert "no observed limit" in texts(draw_limits([nothing], published))
    faces = {
        line.get_markerfacecolor() for line in figure.axes[0].lines if line.get_marker() == "D"
    }
    assert "white" in faces
    assert len(faces) == 2


def test_two_limits_of_one_experiment_are_told_apart_by_their_source(published):
    again = published.iloc[:2].assign(reference="another paper")
    published = pd.concat([published, again], ignore_index=True)
    (panel,) = draw_limits([limits_of([("millicharge", "e", None)])], published).axes
    places = {
        label.get_text(): tick
        for label, tick in zip(panel.get_yticklabels(), panel.get_yticks(), strict=True)
        if not label.get_text().startswith("Reactor")
    }
    said = {text.get_text(): text.xy[1] for text in panel.texts if "paper" in text.get_text()}
    assert set(said) == {"a paper", "another paper"}
    assert said["a paper"] != said["another paper"]
    assert places["Rumour, all flavours"] not in said.values()


def test_simulated_is_said_once(published):
    simulated = limits_of(
        [("millicharge", "all", None)], name="XMASS-like (simulated)", is_simulated=True
    )
    shown = texts(draw_limits([limits_of([("millicharge", "all", None)]), simulated], published))
    assert "XMASS-like, simulated" in shown
    assert "(simulated)" not in shown


def test_limits_have_a_panel_for_each_interaction_searched(published):
    both = limits_of([("millicharge", "all", None), ("magnetic-moment", "e", None)])
    one = limits_of([("magnetic-moment", "e", None)])
    assert len(draw_limits([both], published).axes) == 2
    (panel,) = draw_limits([one], published).axes
    assert "magnetic moment" in panel.get_xlabel()
    assert len(draw_limits([one, both], published).axes) == 2


def test_flavours_stand_in_their_order(published):
    shuffled = limits_of([("millicharge", flavour, None) for flavour in ("tau", "all", "mu", "e")])
    (panel,) = draw_limits([shuffled], published).axes
    names = [label.get_text() for label in panel.get_yticklabels()]
    assert names[:4] == ["all flavours", r"$\nu_e$", r"$\nu_\mu$", r"$\nu_\tau$"]


def test_arrows_of_limits_stay_inside(published):
    figure = draw_limits([limits_of([("millicharge", "all", None)], observed=1e-3)], published)
    figure.draw_without_rendering()
    (panel,) = figure.axes
    frame = panel.get_window_extent()
    assert all(
        arrow.get_window_extent().x0 > frame.x0
        for arrow in panel.texts
        if hasattr(arrow, "arrow_patch")
    )


def projected(cases, days="711", **heading):
    limits = make_projected(make_limits(cases, scale=1e-6 if cases == DARK else 1e-12), days)
    return AnalysisLimits(make_heading(live_days=3.0, **heading), limits)


def test_projected_limits_have_a_block_of_their_own(published):
    """Bands and median of the projection, an open marker for statistics alone, and no observed
    limit."""
    cases = [("millicharge", "all", None), ("millicharge", "e", None)]
    figure = draw_limits([projected(cases, is_simulated=True)], published)
    shown = texts(figure)
    assert "this work, 3 d" in shown
    assert "expected at 711 d (Asimov data, simulated)" in shown
    assert "expected, statistics alone" in shown
    assert "expected, without MC statistics" in shown
    assert "no observed limit" not in shown
    (panel,) = figure.axes
    alone = [line.get_xdata()[0] for line in panel.lines if line.get_marker() == "<"]
    assert alone == pytest.approx([0.25e-12] * 2)
    without_mc = [line.get_xdata()[0] for line in panel.lines if line.get_marker() == "s"]
    assert without_mc == pytest.approx([0.4e-12] * 2)
    ends = sorted({round(float(bar.get_x()) * 1e12, 3) for bar in panel.patches})
    assert ends == [0.25, 0.35, 0.5, 0.7]  # −2σ and −1σ of both
    plain = texts(draw_limits([limits_of(cases)], published))
    assert "this work" in plain
    assert not any(word in plain for word in ("Asimov", "statistics", " d ", "3 d"))


def test_a_projection_that_failed_is_said(published):
    one = projected([("millicharge", "all", None)])
    one.table.loc[one.table["method"] != "asymptotic", "expected"] = np.nan
    figure = draw_limits([one], published)
    assert "no expected limit" in texts(figure)
    assert not [line for line in figure.axes[0].lines if line.get_marker() == "<"]


@pytest.mark.parametrize("several", [False, True])
def test_coupling_mass_shows_projected_limits_as_lines(published, several):
    moment, ours = anomalous_moment("2020"), projected(DARK, is_simulated=True)
    others = [limits_of(DARK, name="Plain", scale=1e-6)] if several else []
    figure = draw_coupling_mass([*others, ours], published_curves(), published, moment)
    assert "expected at 711 d (Asimov data, simulated)" in texts(figure)
    line = next(line for line in figure.axes[0].lines if line.get_linewidth() == 1.2)
    np.testing.assert_allclose(line.get_ydata(), 0.5e-6)
    plain = draw_coupling_mass([limits_of(DARK)], published_curves(), published, moment)
    assert "expected at" not in texts(plain)


def test_the_heading_of_limits_ends_inside_the_figure(published):
    """Its axes begin far to the right, behind the names of the rows."""
    name = "XMASS-like (simulated)"
    heading = make_heading(
        name=name, reference="after arXiv:2005.11891", exposure_tonne_year=7.967e-4
    )
    figure = draw_limits([AnalysisLimits(heading, make_limits())], published)
    figure.draw_without_rendering()
    title = figure.axes[0].get_title(loc="left")
    (text,) = (text for text in figure.findobj(Text) if title and text.get_text() == title)
    assert text.get_window_extent().x1 < figure.bbox.x1


def test_coupling_mass_leaves_a_gap_where_a_limit_failed(published):
    analysis = limits_of(DARK, scale=1e-6)
    analysis.table.loc[1, ["observed", "expected_minus2"]] = np.nan
    figure = draw_coupling_mass([analysis], published_curves(), published, anomalous_moment("2020"))
    assert "observed (1 mass without limit)" in texts(figure)
    (line,) = (line for line in figure.axes[0].lines if line.get_linewidth() == 1.6)
    np.testing.assert_array_equal(np.isnan(line.get_ydata()), [False, True, False])


def test_muon_band_becomes_a_line_where_zero_coupling_is_allowed(published):
    def drawn(name):
        return draw_coupling_mass(
            [limits_of(DARK)], published_curves(), published, anomalous_moment(name)
        )

    figures = {name: drawn(name) for name in ("2020", "2025")}
    assert "upper edge" not in texts(figures["2020"])
    assert "upper edge" in texts(figures["2025"])


def test_comparison_leaves_out_who_did_not_search(published):
    with_, without = (
        limits_of(DARK, name="With"),
        limits_of([("millicharge", "all", None)], name="Without"),
    )
    figure = draw_coupling_mass(
        [without, with_], published_curves(), published, anomalous_moment("2020")
    )
    assert "Without" not in texts(figure)
    assert "With, 1.5 t yr" in texts(figure)


def test_every_published_curve_is_named(published):
    known = published_curves()
    stranger = pd.DataFrame(
        {"experiment": ["Stranger"] * 2, "mass_MeV": [1, 9], "g": [1e-4, 1e-4], "source": "x"}
    )
    figure = draw_coupling_mass(
        [limits_of(DARK)], pd.concat([known, stranger]), published, anomalous_moment("2020")
    )
    shown = texts(figure).lower().replace("horizontal-\nbranch", "horizontal-branch")
    for name in [*known["experiment"].unique(), "Stranger"]:
        assert name.lower().removesuffix(" invisible") in shown


def test_nothing_to_draw_is_an_input_error(published):
    with pytest.raises(InputError, match="no limits on a parameter without a mass"):
        draw_limits([limits_of(DARK)], published)
    with pytest.raises(InputError, match="no limits against a mass"):
        draw_coupling_mass(
            [limits_of([("millicharge", "all", None)])],
            published_curves(),
            published,
            anomalous_moment("2020"),
        )


def test_signals_of_one_interaction_only():
    recoil, folded, efficiency = curves(interactions=())
    figure = draw_signals(recoil, folded, efficiency, make_heading())
    assert "millicharge" not in texts(figure)
    assert "weak interaction (Standard Model)" in [
        text.get_text() for text in figure.legends[0].get_texts()
    ]


def test_other_atomic_models_follow_their_own():
    labels = [
        text.get_text() for text in draw_signals(*curves(), make_heading()).legends[0].get_texts()
    ]
    assert labels[1:] == [
        "millicharge, $q_\\nu = 10^{-12}\\,e$, photoabsorption ionisation",
        "    the same, equivalent photons",
    ]


LABELS = ["LXe (w/o neutron origin)", "²¹⁰Pb copper plate and ring", "mine", "another"]


def test_a_component_looks_alike_however_it_is_stacked():
    one, other = component_looks(LABELS), component_looks(reversed(LABELS))
    assert one == other
    assert len({look.fill for look in one.values()}) == len(LABELS)
    # A component and the class that it is alone in look alike.
    assert component_looks(["copper"])["copper"].fill == one[LABELS[1]].fill
    shared = component_looks(["i125", "xe131m", "xe133"])
    assert len({look.colour for look in shared.values()}) == 1
    assert len({str(look.line) for look in shared.values()}) == 3


def test_limit_figures_name_their_method(published):
    for name in ("limits", "coupling_mass"):
        assert r"90 % CL$_\mathrm{s}$ upper limits" in texts(figure_of(name, published))
    assert r"90 % CL$_\mathrm{s}$ limit" in texts(
        draw_spectrum(dataclasses.replace(make_counts(), confidence_level=0.9))
    )


def test_observed_limits_stand_beside_the_bands(published):
    (panel,) = draw_limits([limits_of([("millicharge", "all", None)])], published).axes
    bands = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in panel.patches]
    (observed,) = (line for line in panel.lines if line.get_marker() == "o")
    assert all(observed.get_ydata()[0] > high for _, high in bands)


def test_the_axis_of_masses_is_that_of_the_scan(published):
    figure = figure_of("coupling_mass", published)
    assert figure.axes[0].get_xlim() == (1e-3, 10.0)
    shown = texts(figure)
    assert "see caption" not in shown
    assert "excluded, laboratories" in shown
    assert "muon $g-2$, 2020 (as quoted)" in shown


def test_shading_ends_open_where_the_curves_end(published):
    """The colour thins out towards lower masses; nothing is filled further on."""
    wide = limits_of([("dark-photon", "all", mass) for mass in (1e-5, 1e-2, 100.0)])
    figure = draw_coupling_mass([wide], published_curves(), published, anomalous_moment("2020"))
    grey = [
        one for one in figure.axes[0].collections
        if one.get_facecolor().size and np.allclose(one.get_facecolor()[0][:3], 0xE6 / 255)
    ]  # fmt: skip
    starts = {one.get_paths()[0].vertices[:, 0].min(): one.get_alpha() for one in grey}
    alphas = [starts[start] for start in sorted(starts) if starts[start] is not None]
    assert alphas == sorted(alphas)
    assert alphas[0] < 0.1
    assert min(starts) > 0.1


def test_an_efficiency_above_one_is_not_clipped():
    recoil, folded, efficiency = curves()
    figure = draw_signals(recoil, folded, efficiency.assign(efficiency=[0.0, 1.3]), make_heading())
    assert figure.axes[2].get_ylim()[1] > 1.3
    assert figure.axes[2].get_xlabel() == "true energy [keV]"
    assert figure.axes[1].get_xlabel() == "reconstructed energy [keV]"


def test_fonts_are_embedded_and_the_width_is_chosen(tmp_path):
    """As TrueType, not as Type 3, which journals refuse."""
    plots = {"dpi": 50, "width": "two-columns", "more_formats": ["svg", "eps"]}
    save(draw_spectrum(make_counts()), [tmp_path / "one.png", tmp_path / "one.pdf"], plots)
    save(draw_spectrum(make_counts()), [tmp_path / "narrow.png"], 50)
    assert imread(tmp_path / "one.png").shape[1] == 2 * imread(tmp_path / "narrow.png").shape[1]
    assert b"/FontFile2" in (tmp_path / "one.pdf").read_bytes()
    assert b"/Type3" not in (tmp_path / "one.pdf").read_bytes()
    assert {file.suffix for file in tmp_path.glob("one.*")} == {".png", ".pdf", ".svg", ".eps"}
