"""The summary page: what it says, that nothing in it can be taken for markup, and that it asks
nothing of a network."""

import base64
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from figure_inputs import make_heading, make_limits, make_projected

from exonu.core.resources import schema_path
from exonu.core.settings import read_schema
from exonu.report.page.plots import plots
from exonu.report.page.stated_values import Stated, choices, injected_truth, stated
from exonu.report.page.summary_page import PICTURES, Summary, embedded_json, summary_page
from exonu.search.analysis import default_settings
from exonu.search.studies.simulation_error import SUM

CASES = (
    ("magnetic-moment", "all", None),
    ("millicharge", "e", None),
    ("dark-photon", "all", 1e-3),
    ("dark-photon", "all", 10.0),
)
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
EVIL = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"


class Page(HTMLParser):
    """Tags with their attributes, text by tag, and the JSON that the page's script reads."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.data, self._open = [], [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "link", "img", "br", "input"):
            self._open.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, text):
        if self._open and self._open[-1] == ("script", {"type": "application/json", "id": "data"}):
            self.data += text
        elif self._open and self._open[-1][0] not in ("style", "script"):
            self.texts.append(text)

    def of(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def summary(tmp_path):
    figure = tmp_path / "spectrum.png"
    figure.write_bytes(PNG)
    limits = make_limits(CASES).assign(
        interval_low=0.0, interval_high=1e-12, blinded=False, is_simulated=False
    )
    variants = limits.assign(variant="other", description="another model", ratio=1.25)
    return Summary(
        analysis="toy",
        heading=make_heading(),
        limits=limits,
        variants=variants,
        described={
            "experiment.yaml": {
                "exposure": {"value": 1.5, "status": "assumed", "source": "a guess"}
            }
        },
        settings=default_settings(),
        figures=[figure],
        versions={"numpy": "2.0", "exonu": "0.1.0"},
    )


def test_it_loads_nothing(summary):
    page = Page(summary_page(summary))
    addresses = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "data", "poster")
    ]
    assert addresses
    links = [link["href"] for link in page.of("a")]
    loaded = [one for one in addresses if one not in links]
    assert all(address.startswith(("data:", "#")) for address in loaded)
    beside = re.compile(r"(limits|tables|figures)/[\w-]+\.(csv|tex|pdf)")
    for link in links:
        known = ("data:text/csv;", "#", "https://arxiv.org/abs/")
        assert link.startswith(known) or beside.fullmatch(link), link
    [policy] = [meta["content"] for meta in page.of("meta") if "http-equiv" in meta]
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy
    assert not page.of("script")[0].get("src")
    text = summary_page(summary)
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttpRequest|import\(", text)


def test_notes_on_files_of_events_are_shown(summary):
    note = "run_3: the events end after 9.5 s, and `live_time_s` is 4000"
    assert note not in " ".join(Page(summary_page(summary)).texts)
    told = Page(summary_page(replace(summary, ingest_notes=[note, EVIL])))
    assert note in " ".join(told.texts)
    assert EVIL in " ".join(told.texts)
    assert "Notes" in told.texts


def test_another_convention_states_its_own_limit_beside(summary):
    settings = {**summary.settings, "statistics": {**summary.settings["statistics"]}}
    settings["statistics"]["convention"] = "xenon-lz-2021"
    rows = summary.limits[summary.limits["method"] == "asymptotic"]
    two_sided = rows.assign(method="two-sided", observed=3.21e-11, significance=0.0, p0=0.5)
    two_sided.iloc[0, two_sided.columns.get_loc("significance")] = 3.5
    limits = pd.concat([rows, two_sided], ignore_index=True)
    told = " ".join(Page(summary_page(replace(summary, settings=settings, limits=limits))).texts)
    assert "Stated by xenon-lz-2021" in told
    assert "< 3.21 × 10⁻¹¹" in told
    assert "0 to 1.00 × 10⁻¹²" in told
    settings["statistics"]["convention"] = "feldman-cousins"
    told = " ".join(Page(summary_page(replace(summary, settings=settings))).texts)
    assert "by snakemake toys" in " ".join(told.split())
    assert "Stated by" not in " ".join(Page(summary_page(summary)).texts)


def test_whatever_comes_from_outside_is_escaped(summary):
    """Markup in a name, a reference, a description or a value comes out as text, everywhere that it
    stands."""
    described = {EVIL: {EVIL: {"value": EVIL, "status": "assumed", "source": EVIL}}}
    nasty = replace(
        summary,
        analysis=EVIL,
        heading=make_heading(name=EVIL, reference=EVIL),
        variants=summary.variants.assign(description=EVIL),
        described=described,
        settings={"physics": {EVIL: EVIL}},
        versions={EVIL: EVIL},
    )
    tags = {name for name, _ in Page(summary_page(summary)).tags}
    page = Page(summary_page(nasty))
    assert {name for name, _ in page.tags} == tags
    assert len(page.of("script")) == 2
    assert not [attributes for _, attributes in page.tags if "onerror" in attributes]
    assert "".join(page.texts).count("alert(1)") >= 9 * 2
    assert json.loads(page.data)["plots"][0]["description"].count(EVIL) == 1


def test_embedded_json_cannot_be_ended():
    nasty = {"a": "</script><!-- --> \u2028 &"}
    text = embedded_json(nasty)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == nasty


def test_the_same_bytes(summary):
    assert summary_page(summary) == summary_page(summary)


@pytest.mark.parametrize("state", ["is_simulated", "blinded"])
def test_a_banner_says_what_is_no_measurement(summary, state):
    plain = Page(summary_page(summary))
    assert not [tag for tag in plain.of("p") if tag.get("class") == "banner"]
    marked = Page(summary_page(replace(summary, heading=make_heading(**{state: True}))))
    assert len([tag for tag in marked.of("p") if tag.get("class") == "banner"]) == 1
    word = {"is_simulated": "Simulated:", "blinded": "Blinded:"}[state]
    assert word in " ".join(marked.texts)
    assert word in marked.of("img")[0]["alt"]  # who cannot see the figure is told, too


def test_figures_are_in_the_page_with_their_alternative_text(summary):
    [image] = Page(summary_page(summary)).of("img")
    assert base64.b64decode(image["src"].removeprefix("data:image/png;base64,")) == PNG
    assert PICTURES["spectrum"] in image["alt"]


def test_limits_stand_beside_published_ones(summary):
    text = " ".join(" ".join(Page(summary_page(summary)).texts).split())
    assert "XMASS-I: 1.30 × 10⁻⁶" in text  # the dark photon of 1 keV
    assert "TEXONO: 1.00 × 10⁻¹² e" in text
    assert "not confirmed in the source" in text
    assert "another model" in text
    assert "1.25" in text


def test_projected_limits_stand_beside_published_ones_if_there_are_any(summary):
    plain = summary_page(summary).partition('<section id="assumed"')[0]
    assert "Asimov" not in plain
    assert "statistics alone" not in plain
    extra = {"interval_low": np.nan, "interval_high": np.nan}
    limits = make_projected(summary.limits).assign(**extra)
    page = Page(
        summary_page(
            replace(summary, limits=limits, heading=make_heading(live_days=3.0, is_simulated=True))
        )
    )
    text = " ".join(" ".join(page.texts).split())
    assert "exposure 1.50 tonne·year (3 d)" in text
    assert "Expected at 711 d (±1σ)" in text
    assert "(Asimov data, simulated)" in text
    assert "All other limits of this work are of 3 d." in text
    assert text.count("statistics alone 2.50 × 10⁻¹³") == len(CASES)
    for plot in json.loads(page.data)["plots"]:
        by_name = {one["name"]: one["points"] for one in plot["series"]}
        place = 0 if "rows" in plot else 1
        for name, size in (
            (" (Asimov data, simulated)", 0.5e-12),
            (", statistics alone", 0.25e-12),
        ):
            points = by_name[f"expected at 711 d{name}"]
            assert [point[place] for point in points] == pytest.approx([size] * len(points))
            assert len(points) == len(by_name["observed"])


def test_a_limit_that_was_not_found_is_said(summary):
    limits = summary.limits.assign(observed=np.nan)
    page = Page(summary_page(replace(summary, limits=limits)))
    assert "no limit found" in " ".join(page.texts)
    assert all(
        "observed" not in one["name"]
        for plot in json.loads(page.data)["plots"]
        for one in plot["series"]
    )


def test_no_variants_no_table_and_no_link(summary):
    link = 'href="limits/variants.csv"'
    assert link in summary_page(summary)
    page = summary_page(replace(summary, variants=summary.variants.iloc[:0]))
    assert "one changed assumption" not in page
    assert link not in page


def test_plots_have_every_limit_and_every_published_one(summary):
    from exonu.search.limit_rows import published_curves, published_limits

    published, curves = published_limits(), published_curves()
    made = plots(summary.limits, summary.heading, published, curves)
    assert [plot["id"] for plot in made] == [
        "plot-magnetic-moment",
        "plot-millicharge",
        "plot-dark-photon",
    ]
    for plot, interaction in zip(
        made, ("magnetic-moment", "millicharge", "dark-photon"), strict=True
    ):
        by_name = {one["name"]: one for one in plot["series"]}
        ours = summary.limits[summary.limits["interaction"] == interaction]
        place = 0 if "rows" in plot else 1
        assert [point[place] for point in by_name["observed"]["points"]] == list(ours["observed"])
        others = published[published["quantity"] == interaction]
        marked = [
            point[place]
            for one in plot["series"]
            if "published" in one["name"]
            for point in one["points"]
        ]
        assert sorted(marked) == sorted(others["value"])
    groups = {one["group"] for one in made[-1]["series"]}
    assert set(curves["experiment"]) <= groups
    hollow = [
        one
        for plot in made
        for one in plot["series"]
        if one["look"].get("hollow") and "median" not in one["name"]
    ]
    searched = published[published["quantity"].isin(summary.limits["interaction"])]
    assert len(hollow) == (searched["status"] != "read").sum()


def test_a_plot_for_each_interaction_that_was_searched_for(summary):
    from exonu.search.limit_rows import published_curves, published_limits

    only = summary.limits[summary.limits["interaction"] == "millicharge"]
    made = plots(only, summary.heading, published_limits(), published_curves())
    assert [plot["id"] for plot in made] == ["plot-millicharge"]


def test_stated_finds_every_status():
    content = {
        "exposure": {"value": 1.0, "status": "published", "source": "a paper"},
        "efficiency": {"argument": "true-energy", "argument_status": "assumed"},
        "cuts": [{"name": "fiducial", "keep": "r < 20", "status": "derived"}],
        "resolution": {"form": "sqrt-linear", "a": 0.31, "status": "assumed"},
        "no_status": {"value": 3},
    }
    assert list(stated(content)) == [
        Stated("exposure", "1", "published", "a paper"),
        Stated("efficiency.argument", "true-energy", "assumed", ""),
        Stated("cuts.fiducial", "name: fiducial, keep: r < 20", "derived", ""),
        Stated("resolution", "form: sqrt-linear, a: 0.31", "assumed", ""),
    ]


def test_the_truth_of_simulated_data_is_assumed():
    events = {"simulation": {"truth": {"activities": {"seal": 1.1}}}}
    [row] = injected_truth(events)
    assert (row.place, row.value, row.status) == (
        "simulation.truth.activities.seal",
        "1.1",
        "assumed",
    )
    assert injected_truth({"name": "real"}) == []


def test_every_choice_has_its_meaning():
    made = {
        choice.place: choice
        for choice in choices(default_settings(), read_schema(schema_path("analysis.yaml")))
    }
    assert made["physics.solar_model"].meaning == "Solar model of the neutrino fluxes."
    assert made["physics.neutrino_mass_eV"].is_assumed
    assert not made["physics.solar_model"].is_assumed
    assert all(choice.meaning for choice in made.values())


def test_masses_of_the_table(summary):
    """Whole powers of ten and masses that others published; all of them in the longer table."""
    grid = [1e-5, 1e-4, 1.468e-4, 1e-3, 10.0]
    limits = make_limits([("dark-photon", "all", mass) for mass in grid]).assign(
        interval_low=0.0, interval_high=1e-6
    )
    text = summary_page(
        replace(summary, limits=limits, variants=pd.DataFrame(columns=["variant", "description"]))
    )
    short, _, long = text.partition("<details>")
    assert [mass in short for mass in ("mass 10 eV", "mass 100 eV", "mass 147 eV", "mass 1 keV", "mass 10 MeV")] == [
        False, True, False, True, True,
    ]  # fmt: skip
    assert "mass 147 eV" in long


def test_papers_are_links_and_the_limits_a_download(summary):
    page = Page(summary_page(replace(summary, heading=make_heading(reference="arXiv:2207.11330"))))
    links = page.of("a")
    assert {"href": "https://arxiv.org/abs/2207.11330"} in links
    [download] = [link for link in links if "download" in link]
    assert download["download"] == "toy-limits.csv"
    table = base64.b64decode(download["href"].removeprefix("data:text/csv;base64,"))
    pd.testing.assert_frame_equal(
        pd.read_csv(io.BytesIO(table)), pd.read_csv(io.StringIO(summary.limits.to_csv(index=False)))
    )
    assert {"href": "figures/spectrum.pdf"} in links


def test_rows_are_grouped_by_what_is_searched_for(summary):
    page = Page(summary_page(summary))
    groups = [one for one in page.of("th") if one.get("class") == "group"]
    assert len(groups) == 3
    assert all(one["scope"] == "rowgroup" for one in groups)


def test_the_size_of_the_simulation_is_said(summary):
    table = pd.DataFrame(
        {
            "live_days": [3.0, 3.0, 711.0],
            "background": SUM,
            "energy_low_keVee": [2.0, 4.0, 2.0],
            "energy_high_keVee": [4.0, 6.0, 4.0],
            "ratio": [0.2, 0.6, 3.1],
            "met": [True, False, False],
        }
    )
    text = " ".join(Page(summary_page(replace(summary, simulation=table))).texts)
    assert "1 of 2" in text
    assert "0.6 at 4–6 keVee" in text
    assert "0 of 1" in text
    assert "simulated events, against" not in " ".join(Page(summary_page(summary)).texts)


def test_an_experiment_has_one_colour_in_all_plots(summary):
    from exonu.search.limit_rows import published_curves, published_limits

    made = plots(summary.limits, summary.heading, published_limits(), published_curves())
    colours = {}
    for plot in made:
        for one in plot["series"]:
            name = one["name"].split(",")[0].split(" (")[0]
            if "expected" not in one["name"] and one["name"] != "observed":
                colours.setdefault(name, set()).add(one["look"]["colour"])
    assert len(colours) > 9
    assert all(len(found) == 1 for found in colours.values()), colours
    assert len(set.union(*colours.values())) == len(colours)


def test_marks_of_one_row_do_not_share_a_line(summary):
    limits = make_projected(summary.limits)
    heading = make_heading(live_days=3.0)
    from exonu.search.limit_rows import published_curves, published_limits

    [plot, *_] = plots(limits, heading, published_limits(), published_curves())
    places = [
        (point[1], one["look"].get("shift", 0))
        for one in plot["series"] if one.get("kind") == "marks"
        for point in one["points"]
    ]  # fmt: skip
    assert len(places) == len(set(places))
    assert plot["groups"][0] == sum(label.startswith("this work") for label in plot["rows"])
