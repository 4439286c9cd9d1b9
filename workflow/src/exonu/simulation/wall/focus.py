"""Importance sampling of where on the wall a decay is: more of them around photomultipliers that
are dead in some run.

Decays that the reconstruction takes for inner ones are rare, and most are in front of dead
photomultipliers. A share of the simulated decays is placed there; the weight is nature's density
over the density of the mixture (balance heuristic: E. Veach and L. J. Guibas, SIGGRAPH 1995, 419),
so no decay weighs more than 1/(1 − share)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exonu.core.errors import InputError
from exonu.core.types import Array
from exonu.detector.geometry import Geometry

REACH = 1.8
"""Copper within so many half widths of a window belongs to it: to the seals of its neighbours."""


class Focus(NamedTuple):
    """Where decays are favoured, as the kernels take it.

    On windows and seals the tube is drawn with other probabilities; on copper a share of the points
    is drawn within cones around the channels, and those that fall on a window are not decays."""

    share: float  # 0 for none
    up_to: Array  # cumulative probability of the tubes, (n_channels,); empty without focus
    weight: Array  # of a decay on each tube, (n_channels,)
    centres: Array  # unit vectors of the cones, (n, 3)
    cosine: Array  # of each cone's half opening, (n,)
    copper_area: float  # all copper between the windows, cm²


NO_FOCUS = Focus(0.0, np.empty(0), np.empty(0), np.empty((0, 3)), np.empty(0), 0.0)


def focus_of(settings: Mapping[str, Any], geometry: Geometry) -> Focus:
    """The focus of a sample.

    Args:
        settings: `channels`, around which decays are favoured, and `share` of the decays that is
            placed there.
        geometry: the detector.

    Raises:
        InputError: a channel that does not exist, a share outside its range, another key.

    >>> from exonu.detector.geometry import geodesic_geometry
    >>> focus = focus_of({"channels": [3, 100], "share": 0.5}, geodesic_geometry())
    >>> # on a favoured tube, far away from both
    >>> f"{focus.weight.min():.4f} {focus.weight.max():.0f}"
    '0.0124 2'
    """
    if unknown := settings.keys() - {"channels", "share"}:
        raise InputError(
            "is not a setting", field=f"focus.{min(unknown)}", remedy="known: channels, share"
        )
    share, channels = (
        float(settings.get("share", 0.5)),
        np.unique(np.asarray(settings.get("channels", ()), dtype=int)),
    )
    if not 0 <= share < 1:
        raise InputError(f"must be from 0 to below 1 (got {share})", field="focus.share")
    if share == 0 or len(channels) == 0:
        return NO_FOCUS
    if channels[0] < 0 or channels[-1] >= geometry.n_channels:
        raise InputError(f"must be from 0 to {geometry.n_channels - 1}", field="focus.channels")
    probability = (1 - share) / geometry.n_channels + share * _favoured(channels, geometry)
    centres = geometry.positions_cm[channels]
    distance = np.linalg.norm(centres, axis=1)
    return Focus(
        share=share,
        up_to=np.cumsum(probability) / probability.sum(),
        weight=1 / (geometry.n_channels * probability),
        centres=np.ascontiguousarray(centres / distance[:, None]),
        cosine=np.cos(np.arctan(REACH * geometry.half_size_cm[channels] / distance)),
        copper_area=geometry.volume_and_area[1] - float(geometry.window_area_cm2.sum()),
    )


def _favoured(channels: NDArray[Any], geometry: Geometry) -> Array:
    """Probability of each tube within the favoured share: half on the channels, half on their
    neighbours."""
    favoured = np.zeros(geometry.n_channels)
    for channel in channels:
        around = geometry.neighbours[channel]
        around = around[around >= 0]
        favoured[channel] += 0.5
        favoured[around] += 0.5 / len(around)
    return favoured / len(channels)
