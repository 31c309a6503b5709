"""gRPC channels to a management server, and the one way unary calls are made on them.

Channels carry bytes: turning messages into bytes, and sealing them, is done above.
"""

from __future__ import annotations

import asyncio
import functools
import importlib.metadata
from collections.abc import Sequence
from typing import Final

import grpc
import grpc.aio

from netbird_sdk._endpoint import Endpoint
from netbird_sdk._status import call_error
from netbird_sdk._tls import channel_credentials
from netbird_sdk.config import TLS, Keepalive
from netbird_sdk.errors import ClosedError

__all__ = [
    "MAX_MESSAGE_BYTES",
    "call_unary",
    "channel_options",
    "open_channel",
    "user_agent",
]

MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024
"""What one message may have; a batch of 500 mappings can be beyond gRPC's 4 MiB."""

_DEFAULT_KEEPALIVE: Final = Keepalive()
_DEFAULT_TLS: Final = TLS()


async def open_channel(
    endpoint: Endpoint,
    *,
    tls: TLS | None = None,
    keepalive: Keepalive | None = _DEFAULT_KEEPALIVE,
    max_message_bytes: int | None = MAX_MESSAGE_BYTES,
    interceptors: Sequence[grpc.aio.ClientInterceptor] | None = None,
) -> grpc.aio.Channel:
    """Return a channel; the first call on it connects.

    An HTTP proxy named by the environment (`https_proxy`, `no_proxy` and so on) is
    used as gRPC does it, but never on the way to this machine itself. `tls` is ignored
    for an endpoint without TLS.

    Raises:
        ConfigurationError: A file that `tls` names cannot be used.
    """
    tls = _DEFAULT_TLS if tls is None else tls
    # Both read files: not on the event loop.
    agent = await asyncio.to_thread(user_agent)
    credentials = (
        await asyncio.to_thread(channel_credentials, tls) if endpoint.secure else None
    )
    options = [
        ("grpc.primary_user_agent", agent),
        *channel_options(endpoint, tls, keepalive, max_message_bytes),
    ]
    if credentials is None:
        return grpc.aio.insecure_channel(
            endpoint.target, options=options, interceptors=interceptors
        )
    return grpc.aio.secure_channel(
        endpoint.target, credentials, options=options, interceptors=interceptors
    )


def channel_options(
    endpoint: Endpoint,
    tls: TLS,
    keepalive: Keepalive | None,
    max_message_bytes: int | None,
) -> list[tuple[str, int | str]]:
    """Return the options that gRPC holds a connection to."""
    limit = -1 if max_message_bytes is None else max_message_bytes
    options: list[tuple[str, int | str]] = [
        ("grpc.max_receive_message_length", limit),
        ("grpc.max_send_message_length", limit),
        # gRPC waits up to 120 s between its own attempts and fails every call at once
        # meanwhile: bounded well below our own 10 s, ours are never in vain.
        ("grpc.initial_reconnect_backoff_ms", 500),
        ("grpc.max_reconnect_backoff_ms", 2_000),
        # In spite of its name this is how long one attempt to connect may take.
        ("grpc.min_reconnect_backoff_ms", 10_000),
        # Channels would share connections, their failures and their waits otherwise.
        ("grpc.use_local_subchannel_pool", 1),
    ]
    if keepalive is not None:
        timeout = round(keepalive.timeout * 1000)
        options += [
            ("grpc.keepalive_time_ms", round(keepalive.interval * 1000)),
            ("grpc.keepalive_timeout_ms", timeout),
            # Without this one a silent server is noticed a minute late.
            ("grpc.http2.ping_timeout_ms", timeout),
            ("grpc.keepalive_permit_without_calls", 1),
            # A mapping stream may be silent for days: gRPC would stop pinging it.
            ("grpc.http2.max_pings_without_data", 0),
        ]
    if endpoint.is_loopback:
        options.append(("grpc.enable_http_proxy", 0))
    if endpoint.secure and tls.server_name is not None:
        options.append(("grpc.ssl_target_name_override", tls.server_name))
    return options


async def call_unary(
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes],
    request: bytes,
    *,
    method: str,
    timeout: float | None,
    metadata: Sequence[tuple[str, str]] = (),
) -> bytes:
    """Make one call and return the bytes of its answer.

    Raises:
        TransportError: The server was not reached or did not answer within `timeout`.
        RPCError: It answered with any other status.
        ClosedError: The channel was closed before or during the call.
    """
    try:
        return await call(request, timeout=timeout, metadata=tuple(metadata))
    except grpc.aio.AioRpcError as error:
        raise call_error(method, error) from error
    except grpc.aio.UsageError as error:
        raise _closed(method) from error
    except asyncio.CancelledError as error:
        # Closing a channel cancels its calls, which looks like our own cancellation.
        if _being_cancelled():
            raise
        raise _closed(method) from error


@functools.cache
def user_agent() -> str:
    """Return what we call ourselves towards servers, with our version."""
    try:
        version = importlib.metadata.version("netbird-sdk")
    except importlib.metadata.PackageNotFoundError:
        # Run from a source tree that was never installed.
        version = "unknown"
    return f"netbird-sdk-python/{version}"


def _being_cancelled() -> bool:
    # Kept out of the call's frame: a task there and the error that has ended the task
    # would keep each other alive, and with them the call and its connection.
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _closed(method: str) -> ClosedError:
    return ClosedError(f"{method}: the client was closed")
