"""A user's own experiment, from the template that `exonu init` writes."""

import shutil

import pytest

from exonu.core.resources import resource_path


@pytest.fixture
def experiment_folder(tmp_path):
    return shutil.copytree(resource_path("template"), tmp_path / "mine")
