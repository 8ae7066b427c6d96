"""docker-compose.yml and the Dockerfile, as far as they can be read without an engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.settings import Settings
from domain.ingestion_id import IngestionIds
from gateway.keys import FixedKey

_ROOT = Path(__file__).resolve().parents[2]
_PORTICO = ("gateway", "ingestor")
_SERVERS = ("rabbitmq", "mongodb")


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    """docker-compose.yml, its anchors resolved."""
    content = yaml.safe_load((_ROOT / "docker-compose.yml").read_text())
    assert isinstance(content, dict)
    return content


@pytest.fixture(scope="session")
def dockerfile() -> list[str]:
    """The Dockerfile's instructions, continued lines joined."""
    text = (_ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_production_shape_has_two_servers_and_two_of_ours(compose: dict[str, Any]) -> None:
    """Gateway and ingestor run apart, beside a RabbitMQ 4 and a MongoDB 8."""
    images = {name: service["image"] for name, service in compose["services"].items()}

    assert {*_PORTICO, *_SERVERS} == set(images)
    assert ("rabbitmq:4-management", "mongo:8") == (images["rabbitmq"], images["mongodb"])
    assert images["gateway"] == images["ingestor"]
    assert [["gateway"], ["ingestor"]] == [compose["services"][name]["command"] for name in _PORTICO]


@pytest.mark.parametrize("name", _PORTICO)
def test_ours_wait_until_the_servers_are_healthy(compose: dict[str, Any], name: str) -> None:
    """Neither starts before broker and database answer, and both come back after a crash."""
    service = compose["services"][name]

    assert {server: {"condition": "service_healthy"} for server in _SERVERS} == service["depends_on"]
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", _SERVERS)
def test_a_server_checks_its_health_and_keeps_its_data(compose: dict[str, Any], name: str) -> None:
    """A server says when it is ready, and its data is on a named volume."""
    service = compose["services"][name]
    volumes = {volume.partition(":")[0] for volume in service["volumes"]}

    assert service["healthcheck"]["test"][0] == "CMD"
    assert name in volumes
    assert set() == volumes - set(compose["volumes"])


def test_ports_are_published_on_loopback_only(compose: dict[str, Any]) -> None:
    """Nothing is reachable from outside of the machine until somebody decides so."""
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]

    assert ports
    assert [] == [port for port in ports if not port.startswith("127.0.0.1:")]


def test_every_setting_in_the_compose_file_exists(compose: dict[str, Any]) -> None:
    """A variable that the settings do not know would be ignored without a word."""
    known = {f"PORTICO_{name.upper()}" for name in Settings.model_fields}
    given = {
        variable
        for name in _PORTICO
        for variable in compose["services"][name]["environment"]
        if variable.startswith("PORTICO_")
    }

    assert given
    assert set() == given - known


@pytest.mark.parametrize("name", _PORTICO)
def test_the_settings_take_what_the_compose_file_gives(
    compose: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With nothing in the environment both services start: the defaults are long enough to be keys."""
    for variable, value in compose["services"][name]["environment"].items():
        monkeypatch.setenv(variable, re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value))
    settings = Settings()

    assert settings.amqp_url is not None
    assert settings.mongodb_url is not None
    assert settings.ingestion_secret is not None
    IngestionIds(settings.ingestion_secret.get_secret_value().encode())
    if name == "gateway":
        assert settings.jwt_key is not None
        FixedKey(settings.jwt_algorithm, settings.jwt_key.get_secret_value().encode())


def test_secrets_come_from_the_environment(compose: dict[str, Any]) -> None:
    """Every password and key can be given from outside, and its default says that it is one."""
    values = [
        str(value)
        for service in compose["services"].values()
        for variable, value in service.get("environment", {}).items()
        if re.search(r"PASS|SECRET|KEY$|AMQP_URL", variable)
    ]

    assert values
    assert [] == [value for value in values if not re.search(r"\$\{[A-Z_]+:-change-me", value)]


def test_the_image_runs_as_nobody_in_particular_and_checks_its_health(dockerfile: list[str]) -> None:
    """The last stage drops root before anything runs, and asks the admin port for its health."""
    last_stage = dockerfile[
        max(number for number, line in enumerate(dockerfile) if line.startswith("FROM")) :
    ]
    users = [line.split()[1] for line in last_stage if line.startswith("USER")]
    health = [line for line in last_stage if line.startswith("HEALTHCHECK")]

    assert ["10001"] == users
    assert ["/healthz" in line for line in health] == [True]
    assert 'ENTRYPOINT ["portico"]' in last_stage


def test_the_image_installs_what_is_locked_and_copies_every_room(dockerfile: list[str]) -> None:
    """Dependencies come with their hashes; what is copied exists and may pass .dockerignore."""
    copied = [line.split()[1:-1] for line in dockerfile if line.startswith("COPY") and "--from" not in line]
    sources = {source for line in copied for source in line}
    let_in = {line[1:] for line in (_ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert any("--require-hashes" in line for line in dockerfile)
    assert sources == let_in
    assert [] == [source for source in sorted(sources) if not (_ROOT / source).exists()]
