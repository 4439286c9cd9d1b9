"""Physical constants are those of scipy, which is not imported for them."""

from __future__ import annotations

import pytest
from scipy import constants as scipy_constants

from exonu.core import constants
from exonu.core.errors import InputError


def test_constants_are_those_of_codata() -> None:
    for name, value in constants._VALUES.items():
        assert value == scipy_constants.value(name)
    for name in ("alpha", "N_A", "c", "e", "day", "Julian_year"):
        assert getattr(constants, name) == getattr(scipy_constants, name)


def test_a_missing_constant_is_named() -> None:
    with pytest.raises(InputError, match=r"physical_constants.csv: does not have 'Kepler'"):
        constants.value("Kepler")
