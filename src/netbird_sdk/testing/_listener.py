"""The gRPC server behind the test server, and the port it comes back to."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Final

import attrs
import grpc
import grpc.aio

from netbird_sdk.errors import ConfigurationError

__all__ = ["Listener", "ServerTLS"]

_LOOPBACK: Final = "127.0.0.1"
# Nothing is left to wait for by then; without a grace period gRPC logs a complaint.
_SECONDS_TO_END: Final = 0.1
_OPTIONS: Final = (
    # As NetBird's servers: pings every 15 s are fine, also on an idle connection.
    ("grpc.http2.min_ping_interval_without_data_ms", 15_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
    ("grpc.max_send_message_length", -1),
)


@attrs.frozen(kw_only=True)
class ServerTLS:
    """The certificate a test server shows, and whose certificates it asks for."""

    certificate_pem: bytes
    """Certificate and chain. It must be good for `host`."""
    private_key_pem: bytes = attrs.field(repr=False)
    """The certificate's private key."""
    client_ca_pem: bytes | None = None
    """With it, only clients with a certificate of this authority may connect."""
    host: str = "localhost"
    """The host in the server's URL; it must lead to 127.0.0.1."""


class Listener:
    """Serves on a port of 127.0.0.1 that stays ours while nobody listens on it."""

    def __init__(self, tls: ServerTLS | None) -> None:
        self._tls = tls
        self._reservation: socket.socket | None = None
        self._port = 0
        self._server: grpc.aio.Server | None = None

    @property
    def is_running(self) -> bool:
        return self._server is not None

    @property
    def url(self) -> str:
        if not self._port:
            raise ConfigurationError(
                "the test server has no URL before it is started: use it as "
                "`async with ManagementServer() as server`"
            )
        if self._tls is None:
            return f"http://{_LOOPBACK}:{self._port}"
        return f"https://{self._tls.host}:{self._port}"

    async def start(self, handlers: Sequence[grpc.GenericRpcHandler]) -> None:
        self._reserve_port()
        server = grpc.aio.server(options=_OPTIONS)
        server.add_generic_rpc_handlers(handlers)
        address = f"{_LOOPBACK}:{self._port}"
        credentials = _credentials(self._tls)
        if credentials is None:
            self._port = server.add_insecure_port(address)
        else:
            self._port = server.add_secure_port(address, credentials)
        await server.start()
        self._server = server

    async def stop(self) -> None:
        """Close all connections and refuse new ones; the port stays reserved."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop(_SECONDS_TO_END)

    def release_port(self) -> None:
        """Let others have the port."""
        if self._reservation is not None:
            self._reservation.close()
            self._reservation = None

    def _reserve_port(self) -> None:
        # A socket that is bound but does not listen keeps the port from others, while
        # connecting to it is refused. gRPC shares it, as it sets the option, too.
        if self._reservation is not None or not hasattr(socket, "SO_REUSEPORT"):
            return
        reservation = socket.socket()
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reservation.bind((_LOOPBACK, self._port))
        self._port = reservation.getsockname()[1]
        self._reservation = reservation


def _credentials(tls: ServerTLS | None) -> grpc.ServerCredentials | None:
    if tls is None:
        return None
    return grpc.ssl_server_credentials(
        [(tls.private_key_pem, tls.certificate_pem)],
        root_certificates=tls.client_ca_pem,
        require_client_auth=tls.client_ca_pem is not None,
    )
