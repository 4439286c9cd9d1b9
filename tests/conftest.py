"""Settings of all tests: on a shared machine, a slow example is no fault."""

from hypothesis import settings

settings.register_profile("exonu", deadline=None)
settings.load_profile("exonu")

# No tests and no doctests: fixtures (several files of one name), and scripts that made test data.
collect_ignore_glob = ["*conftest.py", "*/data/*.py"]
