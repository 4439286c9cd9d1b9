"""A HistFactory model as flat arrays: what the kernels read.

A *component* is one sample in one channel; bins of all channels follow one another on one axis of
length B. Parameters have one index 0..P-1 (pyhf's order). Each bin may have one *local* parameter γ
that acts in that bin only (a staterror, shapesys or shapefactor parameter): it is profiled in
closed form. All others are *dense*: the D parameters that Newton's method sees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

# Kinds of factors and of constraint terms.
LINEAR, SQUARE, CODE1, CODE4 = 1, 2, 3, 4
CODE0, CODE2, CODE4P = 0, 2, 4
FREE, NORMAL, POISSON = 0, 1, 2


class Flat(NamedTuple):
    """The compiled model. C components, B bins, K factors, H histogram shifts, L bin-wise factors,
    P parameters."""

    first: IntArray  # (C,) first bin of each component
    last: IntArray  # (C,) one past its last bin
    nominal: FloatArray  # (C, B) nominal events, zero outside the component
    factor_start: (
        IntArray  # (C + 1,) factors of component c are factor_start[c] .. factor_start[c + 1]
    )
    factor_kind: IntArray  # (K,) LINEAR θ, SQUARE θ², CODE1 or CODE4 normsys
    factor_parameter: IntArray  # (K,)
    factor_code4: FloatArray  # (K, 8) a1..a6, ln(up), ln(down)
    shift_start: IntArray  # (C + 1,) histosys of component c
    shift_parameter: IntArray  # (H,)
    shift_code: IntArray  # (H,) CODE0, CODE2, CODE4P
    shift_up: FloatArray  # (H, B) up - nominal
    shift_down: FloatArray  # (H, B) nominal - down
    local_start: IntArray  # (C + 1,) bin-wise factors that are not profiled
    local_parameter: IntArray  # (L, B) their parameter, -1 for none
    gamma: IntArray  # (B,) the profiled parameter of each bin, -1 for none
    has_gamma: FloatArray  # (C, B) 1 where the component is scaled by the bin's γ, else 0
    mixed: bool  # some bin has components with and without its γ
    dense: IntArray  # (D,) parameter index of each dense parameter
    column: IntArray  # (P,) its inverse, -1 for profiled parameters
    constraint: IntArray  # (P,) FREE, NORMAL, POISSON
    width: FloatArray  # (P,) σ of a normal constraint, τ of a Poisson constraint
    # (P,) where the parameter's auxiliary measurement is in the data vector, -1 for none
    measured: IntArray
    lower: FloatArray  # (P,) bounds
    upper: FloatArray  # (P,)
    # (N,) where an interpolation bends or jumps, by parameter and in order: the last value that
    # belongs to the piece below, and the first of the piece above
    kink_parameter: IntArray
    kink_below: FloatArray
    kink_above: FloatArray
