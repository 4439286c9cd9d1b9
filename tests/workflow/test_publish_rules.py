"""`snakemake tables` and `snakemake hepdata` after a run."""

import pytest
from helpers import plan, snakemake

TABLES = {
    f"{name}.{suffix}"
    for name in ("limits", "yields", "systematics")
    for suffix in ("csv", "tex", "md")
}


def test_tables_belong_to_the_default_run(finished):
    for analysis in ("alpha", "beta"):
        folder = finished.folder / "results" / analysis / "tables"
        assert {path.name for path in folder.iterdir()} == TABLES
        for file in (path for path in folder.iterdir() if path.suffix != ".csv"):
            text = file.read_text()
            assert "Simulated data." in text
            assert ("Blinded: " in text) == (analysis == "beta")
    assert plan(finished, "tables").outputs == frozenset()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_submission_to_hepdata(place):
    from hepdata_validator.full_submission_validator import FullSubmissionValidator

    assert plan(place, "hepdata").rules == {"hepdata", "hepdata_submission"}
    ended = snakemake(place, "hepdata")
    assert ended.returncode == 0, ended.stdout
    assert plan(place, "hepdata").outputs == frozenset()
    for analysis, likelihoods in (
        (
            "alpha",
            {
                "magnetic-moment_all",
                "magnetic-moment_e",
                "dark-photon_background",
                "dark-photon_patchset",
            },
        ),
        ("beta", {"millicharge_all"}),
    ):
        folder = place.folder / "results" / analysis / "hepdata"
        validator = FullSubmissionValidator()
        assert validator.validate(archive=str(folder / "submission.tar.gz")), (
            validator.get_messages()
        )
        assert {path.stem for path in (folder / "submission").glob("*.json")} == likelihoods
    assert {path.name for path in place.folder.iterdir()} == {"config", "results", ".snakemake"}
