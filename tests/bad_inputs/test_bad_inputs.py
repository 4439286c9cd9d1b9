"""The corpus: every bad input ends with one message that names file, field and remedy, and leaves nothing behind.

Each case changes a valid input (`valid_inputs`) in one place and goes through the command that a user runs: planning,
`exonu limit`, `exonu verify`, or a step of the workflow; here in this process, and in `test_bad_inputs_snakemake` some
of them through the real commands.
"""

import pytest
from cases_configuration import CONFIGURATION, SPECTRA
from cases_events import EVENT_FILES, SHEETS
from planning import plan
from valid_inputs import write_events, write_published

from bad_inputs import assert_message
from exonu.core.errors import InputError


@pytest.fixture(scope="module", params=[])
def valid(request, tmp_path_factory):
    """A folder with a valid input; tests copy it."""


def planned(write, case, folder, valid_name):
    write(folder)
    before = sorted(folder.rglob("*"))
    plan(folder / "config" / "config.yaml")  # the valid input is valid
    case.change(folder)
    with pytest.raises(InputError) as error:
        plan(folder / "config" / "config.yaml")
    assert_message(str(error.value), case, folder)
    return before


@pytest.mark.parametrize("case", (CONFIGURATION | SPECTRA).values(), ids=CONFIGURATION | SPECTRA)
def test_bad_published_spectrum(case, tmp_path):
    planned(write_published, case, tmp_path, "published")


@pytest.mark.parametrize("case", (EVENT_FILES | SHEETS).values(), ids=EVENT_FILES | SHEETS)
def test_bad_events(case, tmp_path):
    planned(write_events, case, tmp_path, "events")
