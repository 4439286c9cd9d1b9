"""The detector: how an energy deposit becomes counts."""

from exonu.detector.resolution import PolynomialResolution, SqrtLinearResolution, TableResolution
from exonu.detector.response import Efficiency, Response, build_response

__all__ = [
    "Efficiency",
    "PolynomialResolution",
    "Response",
    "SqrtLinearResolution",
    "TableResolution",
    "build_response",
]
