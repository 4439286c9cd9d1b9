"""exonu: exotic interactions of solar neutrinos in liquid-xenon detectors."""

__version__ = "0.1.0"
