"""Fixtures that several rooms' tests share, and how property tests run."""

from hypothesis import settings

pytest_plugins = ["tests.support.rabbitmq_fixtures", "tests.support.mongodb_fixtures"]

settings.register_profile("shared-machine", deadline=None)  # how long an example takes is not what is tested
settings.load_profile("shared-machine")
