"""Portico's own certificate, as REST and gRPC take it."""

import ssl
from dataclasses import dataclass

from cli.errors import SettingError
from cli.settings import Settings
from gateway.grpc.server import Tls
from gateway.rest.server import server_tls


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate, for both."""

    rest: ssl.SSLContext
    grpc: Tls


def read_certificate(settings: Settings) -> Certificate | None:
    """The certificate that the settings name; None where they name none.

    Raises SettingError for files that are not a certificate and its key.
    """
    certificate, key = settings.tls_cert_file, settings.tls_key_file
    if certificate is None or key is None:
        return None
    try:
        return Certificate(server_tls(certificate, key), Tls(certificate.read_bytes(), key.read_bytes()))
    except OSError as error:
        raise SettingError(
            "PORTICO_TLS_CERT_FILE and PORTICO_TLS_KEY_FILE are not a readable PEM certificate and its key"
        ) from error
