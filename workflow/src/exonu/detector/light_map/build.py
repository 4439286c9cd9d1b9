"""The job that makes a light map from settings."""

from __future__ import annotations

import shutil
from pathlib import Path

from exonu.core.files import whole_or_absent
from exonu.core.progress import Progress
from exonu.core.seeds import derived_seed
from exonu.core.settings import Settings
from exonu.detector.geometry_table import own_geometry
from exonu.detector.light_map.light_map import LightMap, build_light_map
from exonu.detector.model import Detector
from exonu.detector.optics import LightMapSettings


def make_light_map(settings: Settings, output: str | Path, *, threads: int = 1) -> LightMap:
    """Run one job of the step `light_map`.

    Args:
        settings: of `simulation_settings.light_map_settings`, also after a way through JSON.
        output: folder of the map; it is written beside its place and renamed, so it is whole or
            absent.
        threads: number of threads; changes nothing else.
    """
    detector = Detector.from_settings(settings["detector"], own_geometry(settings["geometry"]))
    size = LightMapSettings.from_settings(settings["detector"].get("light_map"))
    with Progress("light map", unit="vertices") as progress:
        seed = derived_seed(settings["seed"], "light-map")
        made = build_light_map(detector, size, seed=seed, threads=threads, progress=progress.add)
    with whole_or_absent(output) as beside:
        made.save(beside, {"settings": settings})
        shutil.rmtree(output, ignore_errors=True)  # a folder is not renamed onto another
    return made
