"""Limits in a plane of two couplings."""

import numpy as np
import pytest

from exonu.core.errors import InputError
from exonu.core.resources import resource_path
from exonu.search.analysis import default_settings
from exonu.search.experiment.read_experiment import read_experiment
from exonu.search.limit_records import limit_of_experiment
from exonu.search.studies.coupling_plane import in_direction, plane_limits

SR0 = resource_path("published/xenonnt-sr0/experiment.yaml")


def test_along_the_axes_they_are_the_limits_of_each_sign():
    quarter = np.pi / 2
    points = plane_limits(
        read_experiment(SR0),
        default_settings(),
        "nsi-left",
        "nsi-right",
        flavour="e",
        angles=[0.0, quarter, 2 * quarter, 3 * quarter],
    )
    names = ("nsi-left", "nsi-right", "nsi-left-negative", "nsi-right-negative")
    want = [limit_of_experiment(SR0, name, flavour="e")["observed"] for name in names]
    assert np.hypot(*points.T) == pytest.approx(want, rel=1e-6)
    assert points[1] == pytest.approx([0.0, want[1]], abs=1e-9)


def test_couplings_of_other_profiles_make_no_plane():
    with pytest.raises(InputError, match="charge-radius and nsi-left do not shift the couplings"):
        in_direction("charge-radius", "nsi-left", 0.3)
