"""Every setting of Portico, read once, from environment variables that begin with PORTICO_."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=0, le=65_535)]
Positive = Annotated[int, Field(gt=0)]
NotNegative = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(gt=0)]
Rate = Annotated[float | None, Field(gt=0)]

_MIB = 1024 * 1024


class Settings(BaseSettings):
    """Read in the composition root alone; every room gets what it needs as arguments."""

    model_config = SettingsConfigDict(env_prefix="PORTICO_", frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address that REST listens on.")
    port: Port = Field(8080, description="Port that REST listens on.")
    grpc_host: str | None = Field(None, description="Address that gRPC listens on; `host` if not set.")
    grpc_port: Port = Field(9090, description="Port that gRPC listens on.")
    admin_host: str = Field("127.0.0.1", description="Address of health checks and metrics.")
    admin_port: Port = Field(8081, description="Port of health checks and metrics.")
    public_url: str | None = Field(
        None, description="URL that clients reach REST at, for the discovery document and OpenAPI."
    )
    participant_id: str = Field("portico", description="Participant id in the discovery document.")

    tls_cert_file: Path | None = Field(None, description="PEM certificate chain; with it Portico serves TLS.")
    tls_key_file: Path | None = Field(None, description="PEM private key of the certificate.")
    behind_tls_proxy: bool = Field(
        False,
        description="Set where a proxy ends TLS in front of Portico. Without it and without a "
        "certificate, Portico listens on loopback addresses only.",
    )

    data_dir: Path = Field(
        Path(".portico"),
        description="Where the embedded default keeps its data and keys, and a gateway its spool.",
    )

    amqp_url: SecretStr | None = Field(None, description="RabbitMQ; not set: the embedded SQLite queue.")
    queue_name: str = Field("portico.ingestions", description="Name of the RabbitMQ queue.")
    queue_max_messages: Positive = Field(
        1_000_000,
        description="Messages the queue holds before it refuses more.",
    )
    queue_max_bytes: Positive = Field(
        4096 * _MIB,
        description="Bytes the queue holds before it refuses more.",
    )
    spool_bytes: NotNegative = Field(
        0,
        description="Bytes of messages that a gateway keeps in `data_dir` while RabbitMQ is away, and "
        "forwards when it is back (docs/spool.md); 0: none.",
    )

    mongodb_url: SecretStr | None = Field(
        None, description="MongoDB; not set: an embedded server, run as a child process."
    )
    mongodb_database: str = Field("portico", description="Name of the MongoDB database.")
    mongodb_driver: Literal["motor", "pymongo"] = Field(
        "motor",
        description="Driver that the storage uses (ADR 2).",
    )

    jwt_algorithm: Literal["HS256", "RS256", "ES256"] = Field(
        "HS256", description="The one algorithm that tokens are signed with."
    )
    jwt_key: SecretStr | None = Field(
        None,
        description="Shared key for HS256, at least 32 bytes; not set: the embedded default's own.",
    )
    jwt_public_key_file: Path | None = Field(None, description="PEM public key for RS256 and ES256.")
    jwt_jwks_url: str | None = Field(None, description="JWKS URL for RS256 and ES256, instead of a PEM.")
    jwt_issuer: str = Field("portico", description="`iss` that tokens must have.")
    jwt_audience: str = Field("portico", description="`aud` that tokens must have.")
    operator_token: SecretStr | None = Field(
        None, description="An operator's token, for commands with `--url` and without `--token-file`."
    )
    oauth_key_file: Path | None = Field(
        None,
        description="PEM with the EC P-256 private key that Portico signs its own tokens with, and the one "
        "before it or after it. Not set: the embedded default's own, and `portico gateway` issues no tokens.",
    )
    oauth_issuer: str = Field("portico", description="`iss` of the tokens that Portico issues itself.")
    oauth_token_seconds: Annotated[int, Field(ge=1, le=86_400)] = Field(
        900, description="Seconds that a token from `/oauth/token` lives."
    )
    console_oidc_issuer: str | None = Field(
        None,
        description="OpenID provider whom operators may log in with at the console: its issuer identifier, "
        "https, or http on a loopback address (docs/console.md).",
    )
    console_oidc_client_id: str | None = Field(None, description="Portico's client id at the provider.")
    console_oidc_client_secret: SecretStr | None = Field(
        None, description="The client's secret; not set: a public client, protected by PKCE alone."
    )
    console_oidc_scope: str = Field(
        "openid", description="Scopes that the console asks the provider for, `openid` among them."
    )
    console_oidc_scopes_claim: str = Field(
        "roles", description="Claim of the provider's ID tokens that holds an operator's roles."
    )
    ingestion_secret: SecretStr | None = Field(
        None,
        description="Seals ingestion ids; the same, at least 16 bytes, for every gateway and ingestor. "
        "Not set: the embedded default's own.",
    )

    publish_timeout: Seconds = Field(
        10.0,
        description="Seconds until a request whose message is not confirmed gets 503.",
    )
    max_bytes_in_flight: Positive = Field(
        64 * _MIB,
        description="Bytes that request bodies take, at most, from when they are read until their confirm. A "
        "body counts twice, for the copies that are made of it on its way. Not in it is what is not read "
        "yet: 16 KiB a connection, and 4 MiB of all.",
    )
    max_ingestions_in_flight: Positive = Field(
        4096,
        description="Requests waiting for their confirm, at most.",
    )
    max_connections: Positive = Field(
        20_000,
        description="Connections that REST holds at most; fewer where the process may open fewer files. "
        "Beyond it, connections without a request make room for new ones.",
    )
    rate_requests: Rate = Field(
        None,
        description="Ingestion requests a second and tenant, a gateway process; not set: no limit.",
    )
    rate_records: Rate = Field(
        None,
        description="Records a second and tenant, a gateway process; not set: no limit.",
    )
    rate_bytes: Rate = Field(
        None,
        description="Body bytes a second and tenant, a gateway process; not set: no limit.",
    )

    ingestor_max_messages: Positive = Field(
        32,
        description="Messages in one batch of the ingestor. It holds at most this many times "
        "`ingestor_batches` messages, of 8 MiB at most each, unsettled.",
    )
    ingestor_max_bytes: Positive = Field(
        _MIB,
        description="Bytes of bodies in one batch of the ingestor, save that one larger message goes alone. "
        "While the store writes one batch the next is made ready; all in one would be done in turn.",
    )
    ingestor_batches: Positive = Field(2, description="Batches that one ingestor works on at a time.")
    ingestor_attempts: Positive = Field(
        3, description="Attempts at an ingestion that ends the ingestor, before it becomes a dead letter."
    )
    ingestor_breaker: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None,
        description="Share of the newest records beyond which, where so many become dead letters, an "
        "ingestor stops taking from the queue (docs/dead-letters.md); not set: it never does.",
    )
    ingestor_breaker_window: Positive = Field(
        1000, description="The newest records that the breaker looks at."
    )
    ingestor_breaker_least: Positive = Field(
        100, description="Records before the breaker concludes anything; `ingestor_breaker_window` at most."
    )
    ingestor_breaker_pause: Seconds = Field(
        300.0, description="Seconds after which an ingestor that the breaker stopped tries one message."
    )
    phone_region: str = Field(
        "BR",
        pattern="^[A-Z]{2}$",
        description="Country (ISO 3166-1 alpha-2) of phone numbers that are written without one.",
    )
    match_on_contact: bool = Field(
        True, description="Whether an e-mail address or phone number may identify a customer (contracts E.3)."
    )
    loyalty_file: Path | None = Field(
        None, description="Loyalty programmes, in JSON or TOML (docs/loyalty.md); not set: there are none."
    )

    strict_orders: bool = Field(
        False,
        description="Whether Open Delivery orders are held to the whole V1 schema; otherwise to their "
        "`id`, and to the types of what they bring.",
    )

    webhooks_allow_private: bool = Field(
        False,
        description="Whether webhooks may go to http URLs and to addresses that are not public: "
        "for tests, and for networks without any other receivers.",
    )
    webhooks_timeout: Seconds = Field(10.0, description="Seconds that an endpoint has to answer a delivery.")
    webhooks_attempts: Positive = Field(
        20, description="Attempts at a delivery before it becomes a dead letter."
    )
    webhooks_max_age: Seconds = Field(
        72 * 3600.0, description="Seconds after which a delivery that fails becomes a dead letter."
    )
    webhooks_first_pause: Seconds = Field(
        1.0, description="Seconds until a delivery that failed is tried again; twice as many each time."
    )
    webhooks_longest_pause: Seconds = Field(
        3600.0, description="Seconds between two attempts at a delivery, at most."
    )
    webhooks_concurrency: Positive = Field(
        4, description="Customers whose deliveries are made to one endpoint at a time."
    )

    ledger_grace_seconds: Seconds = Field(
        120.0,
        description="Seconds that the ledger waits for records without outcome, while nothing else is in the "
        "queue, before it counts again and calls the rest unexplained.",
    )
    ledger_alarm_seconds: Seconds = Field(
        900.0,
        description="Seconds after which the ledger calls records without outcome unexplained even though "
        "the queue is not empty.",
    )
    ledger_days: Positive = Field(30, description="Days that the ledger is kept.")

    dead_letter_days: NotNegative = Field(
        90,
        description="Days after their last change that resolved and discarded dead letters, and replay jobs "
        "that are over, are kept; 0: for ever.",
    )
    open_dead_letter_days: NotNegative = Field(
        0,
        description="Days after their last change that dead letters which nobody has dealt with are kept; "
        "0: for ever.",
    )

    otlp_endpoint: str | None = Field(
        None,
        description="OTLP/HTTP collector that spans are sent to, such as `http://collector:4318`; "
        "not set: no spans are made (docs/telemetry.md).",
    )
    trace_sample_ratio: Annotated[float, Field(ge=0, le=1)] = Field(
        1.0,
        description="Share of the traces that begin here which is recorded; of those that callers began, "
        "what they record.",
    )

    drain_seconds: Seconds = Field(
        20.0,
        description="Seconds that work in flight gets to finish after SIGTERM.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="Least level that is logged.",
    )
    log_format: Literal["json", "console"] | None = Field(
        None, description="Log lines as JSON or for people; not set: for people on a terminal, else JSON."
    )

    @model_validator(mode="after")
    def _check_breaker(self) -> Self:
        if self.ingestor_breaker_least > self.ingestor_breaker_window:
            raise ValueError("PORTICO_INGESTOR_BREAKER_LEAST is more than PORTICO_INGESTOR_BREAKER_WINDOW")
        return self

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("PORTICO_TLS_CERT_FILE and PORTICO_TLS_KEY_FILE belong together")
        if self.tls_cert_file is None and not self.behind_tls_proxy:
            for name, host in (("host", self.host), ("grpc_host", self.grpc_host or self.host)):
                if not _is_loopback(host):
                    raise ValueError(
                        f"PORTICO_{name.upper()} is not a loopback address: give Portico a certificate "
                        "(PORTICO_TLS_CERT_FILE, PORTICO_TLS_KEY_FILE), or set PORTICO_BEHIND_TLS_PROXY=true "
                        "where a proxy ends TLS"
                    )
        if self.jwt_algorithm != "HS256" and not (self.jwt_public_key_file or self.jwt_jwks_url):
            raise ValueError(
                f"{self.jwt_algorithm} needs PORTICO_JWT_PUBLIC_KEY_FILE or PORTICO_JWT_JWKS_URL"
            )
        if self.jwt_algorithm == "HS256" and self.jwt_jwks_url is not None:
            raise ValueError("PORTICO_JWT_JWKS_URL publishes its keys: with HS256 anybody could sign")
        _require_bytes("PORTICO_JWT_KEY", self.jwt_key, 32)
        _require_bytes("PORTICO_INGESTION_SECRET", self.ingestion_secret, 16)
        if self.amqp_url is not None:
            _require_scheme("PORTICO_AMQP_URL", self.amqp_url.get_secret_value(), "amqp", "amqps")
        if self.otlp_endpoint is not None:
            _require_scheme("PORTICO_OTLP_ENDPOINT", self.otlp_endpoint, "http", "https")
        if self.jwt_jwks_url is not None:
            _require_scheme("PORTICO_JWT_JWKS_URL", self.jwt_jwks_url, "http", "https")
        if (self.console_oidc_issuer is None) != (self.console_oidc_client_id is None):
            raise ValueError("PORTICO_CONSOLE_OIDC_ISSUER and PORTICO_CONSOLE_OIDC_CLIENT_ID belong together")
        if self.console_oidc_issuer is not None:
            _require_private("PORTICO_CONSOLE_OIDC_ISSUER", self.console_oidc_issuer)
        if "openid" not in self.console_oidc_scope.split():
            raise ValueError("PORTICO_CONSOLE_OIDC_SCOPE lacks openid")
        return self


# Words alone in these: a setting's value may be a secret, or hold one.


def _require_bytes(name: str, secret: SecretStr | None, least: int) -> None:
    if secret is not None and len(secret.get_secret_value().encode()) < least:
        raise ValueError(f"{name} needs at least {least} bytes")


def _require_scheme(name: str, url: str, *schemes: str) -> None:
    try:
        fits = urlsplit(url).scheme in schemes
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{name} is not a URL of the scheme {' or '.join(schemes)}")


def _require_private(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise ValueError(f"{name} is not a URL") from error
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))):
        raise ValueError(f"{name} is neither https nor http on a loopback address")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
