"""From gRPC statuses to errors: the hints, and what of a server's text is shown."""

from __future__ import annotations

import grpc
import pytest

from netbird_sdk._status import error_from_status
from netbird_sdk.errors import RPCError, TransportError

UNAVAILABLE = "failed to connect to all addresses; last error: "

# Details as gRPC 1.71 and 1.85 and as NetBird's servers word them.
KNOWN_REASONS = [
    ("Received http2 header with status: 502", "HTTP answer of a web server"),
    ("Received http2 header with status: 404", "HTTP answer of a web server"),
    ("Stream removed", "the answer was no gRPC"),
    ("Stream removed (Data frame with END_STREAM flag received)", "was no gRPC"),
    (
        UNAVAILABLE + "UNAVAILABLE: ipv4:127.0.0.1:45859: Trying to connect an http1.x "
        "server (HTTP status 502)",
        "speaks HTTP/1.1 only",
    ),
    (
        UNAVAILABLE + "UNAVAILABLE: ipv4:127.0.0.1:37009: Failed parsing HTTP/2 "
        "(Expected SETTINGS frame as the first frame, got frame type 80)",
        "speaks HTTP/1.1 only",
    ),
    (
        UNAVAILABLE + "UNKNOWN: ipv4:127.0.0.1:32865: Cannot check peer: missing "
        "selected ALPN property.",
        "speaks HTTP/1.1 only",
    ),
    (
        UNAVAILABLE + "UNKNOWN: ipv4:127.0.0.1:38033: Ssl handshake failed "
        "(TSI_PROTOCOL_FAILURE): SSL_ERROR_SSL: error:100000f7:SSL routines:"
        "OPENSSL_internal:WRONG_VERSION_NUMBER: Invalid certificate verification "
        "context",
        "does not speak TLS on this port",
    ),
    (
        UNAVAILABLE + "UNKNOWN: ipv4:127.0.0.1:46051: Ssl handshake failed "
        "(TSI_PROTOCOL_FAILURE): SSL_ERROR_SSL: error:1000007d:SSL routines:"
        "OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: unable to get local issuer "
        "certificate",
        "TLS(ca_file=...)",
    ),
    (
        UNAVAILABLE + "UNKNOWN: ipv4:127.0.0.1:46051: Peer name other.example is not "
        "in peer certificate",
        "for another name",
    ),
    (
        UNAVAILABLE + "UNKNOWN: ipv4:127.0.0.1:43551: Custom verification check failed "
        "with error: UNAUTHENTICATED: Hostname Verification Check failed.",
        "for another name",
    ),
    (
        UNAVAILABLE + "UNAVAILABLE: ipv4:127.0.0.1:33373: Handshake read failed "
        "(recvmsg:Connection reset by peer (104))",
        "no TLS connection came about",
    ),
    (
        "DNS resolution failed for nope.invalid:1: C-ares status is not ARES_SUCCESS",
        "could not be looked up",
    ),
    (
        "errors resolving nope.invalid:1: [field:hostname lookup error:address loo",
        "could not be looked up",
    ),
    (
        UNAVAILABLE + "UNKNOWN: ipv4:127.0.0.1:1: Failed to connect to remote host: "
        "connect: Connection refused (111)",
        "nothing listens there",
    ),
    (
        UNAVAILABLE + "UNAVAILABLE: ipv4:127.0.0.1:36513: Socket closed",
        "may want TLS (https:// in the URL), or a client certificate",
    ),
    ("Deadline Exceeded", "no answer in time"),
    ("CLIENT: Received message larger than max (5000 vs. 1000)", "max_message_bytes"),
    (
        "Stream removed (CLIENT: Received message larger than max (5000 vs. 1000))",
        "max_message_bytes",
    ),
    ("grpc: received message larger than max (5 vs. 4)", "max_message_bytes"),
    ("too many failed authentication attempts", "wait a minute"),
    ("missing authorization header", "the proxy token did not arrive"),
    ("invalid authorization format", "the proxy token did not arrive"),
    ("token validation: invalid token", "the one-time token was used"),
    ("invalid token", "make a new one on the management server"),
    ("invalid token format", "make a new one on the management server"),
    ("token expired or revoked", "make a new one on the management server"),
    (
        "no peer auth method provided, please use a setup key or interactive SSO login",
        "pass setup_key=... or jwt=... to login()",
    ),
    ("couldn't add peer: setup key is invalid", "the setup key is unknown, expired"),
    ("peer login has expired, please log in once more", "single sign-on"),
    ("peer is not registered", "call login() first"),
    ("JWT already used", "get a fresh one"),
    ("unknown service management.ProxyService", "older than this RPC"),
    ("unknown method SyncMappings for service management.ProxyService", "older than"),
]


@pytest.mark.parametrize(("details", "hint"), KNOWN_REASONS)
def test_known_reasons_come_with_a_hint(details: str, hint: str) -> None:
    error = error_from_status("Login", grpc.StatusCode.UNKNOWN, details)
    before, _, after = str(error).partition(". Hint: ")
    assert before == f"Login failed with UNKNOWN: {details}"
    assert hint in after


def test_an_unknown_reason_comes_without_a_hint() -> None:
    error = error_from_status("Sync", grpc.StatusCode.UNKNOWN, "the disk is full")
    assert str(error) == "Sync failed with UNKNOWN: the disk is full"


def test_a_hint_of_the_caller_takes_the_place_of_ours() -> None:
    code = grpc.StatusCode.UNAVAILABLE
    error = error_from_status("Sync", code, "Socket closed", hint="sit down")
    assert str(error).endswith(": Socket closed. Hint: sit down")
    error = error_from_status("Sync", code, "Socket closed", hint="")
    assert str(error).endswith(": Socket closed")


@pytest.mark.parametrize("details", [None, "", " \n\t"])
def test_a_status_without_details_is_whole(details: str | None) -> None:
    error = error_from_status("Sync", grpc.StatusCode.INTERNAL, details)
    assert str(error) == "Sync failed with INTERNAL"


def test_text_of_a_server_is_made_printable() -> None:
    nasty = "red \x1b[31malert\x1b[0m\r\nfake log line\x00 \u202etxet\u2029end \ud800"
    error = error_from_status("Sync", grpc.StatusCode.INTERNAL, nasty)
    assert isinstance(error, RPCError)
    assert error.details == "red [31malert [0m fake log line txet end"
    assert error.details in str(error)
    assert str(error).isprintable()


@pytest.mark.parametrize("details", ["x" * 501, "x" * 10_000_000, " " * 5000 + "x"])
def test_text_of_a_server_is_shortened(details: str) -> None:
    error = error_from_status("Sync", grpc.StatusCode.UNAVAILABLE, details)
    assert isinstance(error, TransportError)
    assert len(error.details) <= 501
    assert error.details.endswith("…")
    assert len(str(error)) < 600


def test_text_of_500_characters_is_kept_whole() -> None:
    error = error_from_status("Sync", grpc.StatusCode.INTERNAL, "x" * 500)
    assert isinstance(error, RPCError)
    assert error.details == "x" * 500
