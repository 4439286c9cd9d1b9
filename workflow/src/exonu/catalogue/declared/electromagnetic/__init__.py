"""Electromagnetic properties of neutrinos: moments, charge and radii."""
