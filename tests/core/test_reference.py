"""The reference page of the configuration is what the schemas say."""

from pathlib import Path

import pytest

from exonu.core.reference import FILES, reference_page
from exonu.core.settings import read_schema

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def test_the_page_is_made_from_the_schemas():
    assert PAGE.read_text(encoding="utf-8") == reference_page(), (
        "run python -m exonu.core.reference > docs/configuration.md"
    )


@pytest.mark.parametrize(("title", "file"), FILES, ids=[title for title, _ in FILES])
def test_the_page_has_every_key_once_with_its_meaning(title, file):
    section = reference_page().partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    keys = [
        line.split("|")[1].strip(" `") for line in section.splitlines() if line.startswith("| `")
    ]
    for key, part in read_schema(file)["properties"].items():
        assert keys.count(key) == 1
        assert part.get("description", "") in section


@pytest.mark.parametrize(
    "row",
    [
        "| `physics.couplings` | Weak couplings: radiatively corrected, or at tree level with this sin²θ_W. "
        '| `radiative`, `tree-0.2312`, `tree-0.2386` | `"radiative"` |',
        "| `interactions.<name>.masses_MeV.number` | How many masses. | integer ≥ 2 ≤ 1000 |  |",
        "| `config_version` | Version of the layout of the configuration files. | `1` | **required** |",
        "| `resolution.a` | (`sqrt-linear`) Coefficient of √E, in √keV. | number ≥ 0 | **required** |",
    ],
)
def test_a_row(row):
    assert row in reference_page().splitlines()
