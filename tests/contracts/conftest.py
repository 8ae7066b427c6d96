"""Settings of the property tests."""

from hypothesis import settings

settings.register_profile("shared-machine", deadline=None)  # how long an example takes is not what is tested
settings.load_profile("shared-machine")
