"""What several modules of tests of the search share."""

import shutil

import pytest
from published_folders import SPECTRUM

from exonu.core.resources import resource_path
from exonu.core.tables import read_numbers


@pytest.fixture
def folder(tmp_path):
    """The template of `exonu init`: 30 bins or so of 1 keV, one background, a table of efficiency."""
    shutil.copytree(resource_path("template"), tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def table(folder):
    return read_numbers(folder / "spectrum.csv", SPECTRUM)
