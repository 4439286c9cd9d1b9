"""Settings of all tests: on a shared machine, a slow example is no fault. And the validator of
RO-Crates."""

import gc
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from exonu.core.resources import resource_path

settings.register_profile("exonu", deadline=None)
settings.load_profile("exonu")

# With pytest's own absolute tolerance, 1e-12, any limit of 1e-13 would equal any other.
type(pytest.approx(1.0)).DEFAULT_ABSOLUTE_TOLERANCE = 1e-30

# No tests and no doctests: fixtures (several files of one name), and scripts that made test data.
collect_ignore_glob = ["*conftest.py", "*/data/*.py"]


def pytest_collection_finish():
    """Thousands of tests and all libraries stay to the end: looking through them for garbage again
    and again takes an eighth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


RO_CRATE_CONTEXT = "https://w3id.org/ro/crate/1.1/context"
RO_CRATE_TERMS = Path(__file__).parent / "archive" / "ro_crate_1.1_terms.json"
"""Those terms of the context that we use, as the context has them."""


@pytest.fixture(scope="session", autouse=True)
def collections_are_traced_once():
    """Half a second of tracing for each detector: tests make the same few again and again."""
    from exonu.detector.model import Detector

    trace, known = Detector.collection_at_centre.func, {}

    def collection_at_centre(detector):
        parts = [*detector.medium, *detector.walls]
        key = tuple(np.asarray(part).tobytes() for part in parts)
        if key not in known:
            known[key] = trace(detector)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Detector, "collection_at_centre", property(collection_at_centre))
        yield


@pytest.fixture
def crate_faults(monkeypatch, tmp_path):
    """What a profile requires and a crate has not; the only document that is asked for is the
    context, given here."""
    import requests
    from rocrate_validator import models, services
    from rocrate_validator.utils.http import HttpRequester

    def get(requester, url, **options):
        assert url == RO_CRATE_CONTEXT, f"the validator wants {url}"
        answer = requests.Response()
        answer.url, answer.status_code, answer.headers["Content-Type"] = (
            url,
            200,
            "application/ld+json",
        )
        answer._content = RO_CRATE_TERMS.read_bytes()
        return answer

    monkeypatch.setattr(HttpRequester, "get", get, raising=False)

    def validate(file, profile):
        asked = services.ValidationSettings(
            rocrate_uri=str(file),
            profile_identifier=profile,
            requirement_severity=models.Severity.REQUIRED,
            offline=True,
            cache_path=tmp_path / "cache",
        )
        result = services.validate(asked)
        messages = [issue.message for issue in result.get_issues(models.Severity.REQUIRED)]
        assert result.passed() == (not messages)
        return messages

    return validate


@pytest.fixture
def experiment_folder(tmp_path):
    """A user's own experiment, from the template that `exonu init` writes."""
    return shutil.copytree(resource_path("template"), tmp_path / "mine")
