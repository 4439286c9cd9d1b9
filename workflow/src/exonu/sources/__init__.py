"""Sources of neutrinos: the Sun, a reactor, or a table of a flux.

In: `Physics` of an analysis. Out: `NeutrinoSource`s, each with flux, spectrum and flavours, all
that a rate needs. Start with `neutrino_source`."""

from exonu.sources.flux_table import FluxTable
from exonu.sources.neutrino_source import NeutrinoSource, PiecewiseSpectrum
from exonu.sources.reactor import Reactor, reactor_source

__all__ = ["FluxTable", "NeutrinoSource", "PiecewiseSpectrum", "Reactor", "reactor_source"]
