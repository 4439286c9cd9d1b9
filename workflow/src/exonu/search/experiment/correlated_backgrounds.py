"""Backgrounds whose normalisations are correlated, as a fit that measured several at once leaves them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from exonu.core.errors import InputError
from exonu.core.settings import Settings
from exonu.core.types import Array
from exonu.search.experiment.binned_spectrum import Background

SMALLEST_EIGENVALUE = 1e-6
"""Of the number of components: below, a combination of them is known to a thousandth of its errors."""


def correlated(
    backgrounds: Sequence[Background], names: Sequence[str], matrix: Array
) -> tuple[Background, ...]:
    """Backgrounds with nuisance parameters in common in place of their own normalisations.

    The logarithms of the normalisations have the covariance C_ij ln(1 + u_i) ln(1 + u_j); each of its
    eigenvectors is a parameter `correlated_<k>`, the largest first, that takes component i by a factor
    exp(± its element). So each alone has the factor (1 + u)^±1.

    Args:
        backgrounds: all of the experiment.
        names: those that are correlated, n of them.
        matrix: their correlations, shape (n, n).
    """
    sizes = {one.name: float(np.log1p(one.uncertainty or 0.0)) for one in backgrounds}
    size = np.array([sizes[name] for name in names])
    values, vectors = np.linalg.eigh(matrix * size[:, None] * size)
    kept = np.flatnonzero(values > SMALLEST_EIGENVALUE * values.sum())[::-1]
    shifts = np.sqrt(values[kept]) * vectors[:, kept]
    shifts *= np.where(shifts.sum(axis=0) < 0, -1.0, 1.0)  # the same sign for ever
    norms = {
        name: {f"correlated_{k}": float(np.expm1(s)) for k, s in enumerate(row) if s}
        for name, row in zip(names, shifts, strict=True)
    }
    return tuple(
        replace(one, norms={**one.norms, **norms[one.name]}, is_correlated=True)
        if one.name in norms
        else one
        for one in backgrounds
    )


def correlation_faults(
    block: Settings, backgrounds: Mapping[str, Settings], file: Path
) -> Iterator[InputError]:
    """What is wrong with the block `background_correlations`.

    Args:
        block: its `components` and `matrix`.
        backgrounds: settings of the components of the model.
        file: the experiment's.
    """
    field, names = "background_correlations", block["components"]
    for name in names:
        if name not in backgrounds:
            yield InputError(
                f"{name!r} is no background of the model", file=file, field=f"{field}.components",
                remedy=f"its backgrounds are {', '.join(backgrounds)}",
            )  # fmt: skip
        elif backgrounds[name]["normalisation"]["constraint"] != "gaussian":
            yield InputError(
                f"{name} has no symmetric uncertainty that could be correlated", file=file,
                field=f"{field}.components", remedy="give it `constraint: gaussian`, or leave it out",
            )  # fmt: skip
    rows = block["matrix"]
    if {len(rows), *map(len, rows)} != {len(names)}:
        yield InputError(
            f"is no matrix of {len(names)} rows and columns", file=file, field=f"{field}.matrix",
            remedy="give a row and a column for each of `components`, in their order",
        )  # fmt: skip
        return
    matrix = np.array(rows, dtype=np.float64)
    if not (np.allclose(matrix, matrix.T) and np.allclose(np.diag(matrix), 1)):
        yield InputError(
            "is not symmetric with 1 on its diagonal", file=file, field=f"{field}.matrix",
            remedy="give correlations, not covariances",
        )  # fmt: skip
    elif (least := float(np.linalg.eigvalsh(matrix).min())) < -SMALLEST_EIGENVALUE * len(names):
        yield InputError(
            f"has the eigenvalue {least:.3g}, and no errors are correlated so", file=file,
            field=f"{field}.matrix", remedy="check its signs and digits",
        )  # fmt: skip
