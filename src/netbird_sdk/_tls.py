"""From a `TLS` to gRPC's channel credentials."""

from __future__ import annotations

import os
import re
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Final

import grpc

from netbird_sdk.config import TLS
from netbird_sdk.errors import ConfigurationError

__all__ = ["channel_credentials", "system_roots"]

# OpenSSL finds certificates in a directory by these names alone.
_HASHED_NAME: Final = re.compile(r"[0-9a-f]{8}\.\d+")
_GRPC_ROOTS_VARIABLE: Final = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"


def channel_credentials(tls: TLS) -> grpc.ChannelCredentials:
    """Read what `tls` names and check it.

    Raises:
        ConfigurationError: A file is missing, unreadable or not what it should be.
    """
    certificate = private_key = None
    if tls.certificate_file is not None and tls.private_key_file is not None:
        certificate = _read("certificate_file", tls.certificate_file)
        private_key = _read("private_key_file", tls.private_key_file)
        _check_key_pair(tls.certificate_file, tls.private_key_file)
    return grpc.ssl_channel_credentials(
        root_certificates=_roots(tls),
        private_key=private_key,
        certificate_chain=certificate,
    )


def system_roots() -> bytes | None:
    """Return the authorities this machine trusts as PEM, None when it names none.

    gRPC brings a list of its own and knows nothing of the machine's, where a company's
    authority would be. As in OpenSSL, SSL_CERT_FILE and SSL_CERT_DIR override it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    # OpenSSL reads directories only while it checks a chain, so it is done here. It is
    # slow, and where there is a file the usual directory only repeats it.
    if not context.cert_store_stats()["x509_ca"] or "SSL_CERT_DIR" in os.environ:
        _load_directory(context, ssl.get_default_verify_paths().capath)
    roots = context.get_ca_certs(binary_form=True)
    return "".join(map(ssl.DER_cert_to_PEM_cert, roots)).encode("ascii") or None


def _load_directory(context: ssl.SSLContext, directory: str) -> None:
    # None when there is no such directory, whatever the annotation says.
    if not directory:
        return
    for path in sorted(Path(directory).iterdir()):
        if _HASHED_NAME.fullmatch(path.name):
            # One unusable file must not take the others away.
            with suppress(OSError):
                context.load_verify_locations(path)


def _roots(tls: TLS) -> bytes | None:
    if tls.ca_file is not None:
        return _check_authorities(
            f"ca_file {tls.ca_file}", _read("ca_file", tls.ca_file)
        )
    if tls.ca_pem is not None:
        return _check_authorities("ca_pem", tls.ca_pem.encode())
    if os.environ.get(_GRPC_ROOTS_VARIABLE):
        return None
    return system_roots()


def _check_authorities(source: str, pem: bytes) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise ConfigurationError(
            f"TLS.{source} holds no usable PEM certificate: expected a block that "
            "begins with -----BEGIN CERTIFICATE-----"
        ) from error
    return pem


def _check_key_pair(certificate_file: str, private_key_file: str) -> None:
    # gRPC would only log what is wrong with them and then fail the handshake.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        # An empty passphrase, so that OpenSSL does not ask for one on the terminal.
        context.load_cert_chain(certificate_file, private_key_file, password="")
    except (ssl.SSLError, OSError) as error:
        raise ConfigurationError(
            f"TLS.certificate_file {certificate_file} and TLS.private_key_file "
            f"{private_key_file} are no pair of a PEM certificate and its private key "
            "without a passphrase"
        ) from error


def _read(field: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"TLS.{field} {path} cannot be read: {error.strerror}"
        ) from error
