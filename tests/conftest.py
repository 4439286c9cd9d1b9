"""Settings of all tests: on a shared machine, a slow example is no fault."""

from hypothesis import settings

settings.register_profile("exonu", deadline=None)
settings.load_profile("exonu")
