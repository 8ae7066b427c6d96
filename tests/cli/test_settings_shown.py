"""The settings as operators see them."""

from pydantic import SecretStr

from cli.settings import Settings
from cli.settings_shown import shown_settings


def test_nothing_of_a_secret_is_shown() -> None:
    """Of a URL where it leads; of a secret that it is set; and of each setting whether somebody set it."""
    settings = Settings(
        amqp_url=SecretStr("amqps://user:secret@mq.example:5671/portico?key=secret"),
        mongodb_url=SecretStr("mongodb://a:secret@one.example,two.example/?authSource=secret"),
        jwt_key=SecretStr("a-secret-that-is-long-enough-for-it"),
        ingestion_secret=SecretStr("secret://not-a-url"),
        jwt_jwks_url="https://me:secret@keys.example/jwks?token=secret",
        jwt_algorithm="RS256",
    )
    rows = {row.name: row for row in shown_settings(settings)}

    assert "amqps://mq.example:5671/portico" == rows["PORTICO_AMQP_URL"].value
    assert "mongodb://one.example,two.example/" == rows["PORTICO_MONGODB_URL"].value
    assert "set, not shown" == rows["PORTICO_JWT_KEY"].value
    assert "https://keys.example/jwks" == rows["PORTICO_JWT_JWKS_URL"].value
    assert (True, False) == (rows["PORTICO_PORT"].is_default, rows["PORTICO_JWT_KEY"].is_default)
    assert not any("secret" in row.value for row in rows.values())
    assert set(Settings.model_fields) == {name.removeprefix("PORTICO_").lower() for name in rows}
