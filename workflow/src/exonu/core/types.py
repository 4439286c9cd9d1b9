"""Types that signatures of the whole library share."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
"""Numbers in double precision; shape and unit stand in the docstring that uses it."""
Floats: TypeAlias = NDArray[np.float32]
"""Charges and times of hits, in single precision as raw files hold them."""
Json: TypeAlias = dict[str, Any]
"""The content of a JSON object."""
