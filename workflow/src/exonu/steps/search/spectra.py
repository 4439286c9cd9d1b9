"""Recoil spectra of the Standard Model and of each interaction, as CSV."""

from pathlib import Path
from typing import Annotated

from exonu.core.files import write_csv
from exonu.interactions import Physics
from exonu.report.numbers.recoil_tables import recoil_tables
from exonu.steps._step import Settings, step


@step
def main(settings: Settings, output: Annotated[Path, "folder for <interaction>.csv"]) -> None:
    tables = recoil_tables(Physics.from_settings(settings["physics"]), settings["interactions"])
    comments = ("recoil rates of natural xenon, before any detector",)
    for name, table in tables.items():
        write_csv(output / f"{name}.csv", table, comments)
