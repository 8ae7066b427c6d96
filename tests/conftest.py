"""Fixtures that several rooms' tests share."""

pytest_plugins = ["tests.support.rabbitmq_fixtures", "tests.support.mongodb_fixtures"]
