"""Where the Sun stands: how far from the Earth, and how high above a site.

Both by the low-precision formulas of the Astronomical Almanac (2011, page C5): mean elements and the
equation of the centre, good to 0.01° and 3·10⁻⁴ of the distance between 1950 and 2050."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from exonu.core.types import Array

_DAY_S = 86400.0
_J2000_UNIX_DAYS = 10957.5
"""Days from 1970 to 2000 January 1, 12 h UTC."""


def inverse_square_distance(unix_s: ArrayLike) -> Array:
    """(1 AU / r)², r the distance of the Earth from the Sun: what the flux of neutrinos follows.

    Args:
        unix_s: seconds since 1970 UTC.

    >>> from datetime import UTC, datetime
    >>> moments = [datetime(2013, 1, 2, tzinfo=UTC), datetime(2013, 7, 5, tzinfo=UTC)]
    >>> inverse_square_distance([moment.timestamp() for moment in moments]).round(4).tolist()
    [1.0343, 0.9674]
    """
    anomaly, _ = _mean_elements(unix_s)
    distance = 1.00014 - 0.01671 * np.cos(anomaly) - 0.00014 * np.cos(2 * anomaly)
    return np.asarray(distance**-2.0)


def cos_zenith(unix_s: ArrayLike, latitude_deg: float, longitude_deg: float) -> Array:
    """Cosine of the Sun's zenith angle, positive by day, without refraction.

    Args:
        unix_s: seconds since 1970 UTC.
        latitude_deg, longitude_deg: of the site, north and east positive.

    >>> from datetime import UTC, datetime
    >>> noon = datetime(2020, 6, 21, 12, tzinfo=UTC).timestamp()
    >>> cos_zenith([noon, noon + 43200], 23.44, 0.0).round(2).tolist()
    [1.0, -0.68]
    """
    anomaly, mean_longitude = _mean_elements(unix_s)
    days = np.asarray(unix_s, dtype=np.float64) / _DAY_S - _J2000_UNIX_DAYS
    longitude = mean_longitude + np.radians(1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.radians(23.439 - 4e-7 * days)
    sin_declination = np.sin(obliquity) * np.sin(longitude)
    right_ascension = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    sidereal = np.radians(280.46062 + 360.98564737 * days + longitude_deg)
    latitude = np.radians(latitude_deg)
    hour = np.cos(sidereal - right_ascension)
    cos_declination = np.sqrt(1 - sin_declination**2)
    return np.asarray(
        np.sin(latitude) * sin_declination + np.cos(latitude) * cos_declination * hour
    )


def _mean_elements(unix_s: ArrayLike) -> tuple[Array, Array]:
    """Mean anomaly and mean longitude of the Sun [rad]."""
    days = np.asarray(unix_s, dtype=np.float64) / _DAY_S - _J2000_UNIX_DAYS
    return np.radians(357.528 + 0.9856003 * days), np.radians(280.460 + 0.9856474 * days)
