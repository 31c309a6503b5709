"""What a request to expose a port must look like, and the service it makes."""

from __future__ import annotations

import re
import secrets
import string
from typing import Final

from grpc import StatusCode

from netbird_sdk.models.management import ExposeProtocol, ExposeServiceRequest
from netbird_sdk.models.proxy import (
    Authentication,
    PasswordRequest,
    PathMapping,
    PinRequest,
    ProxyMapping,
)
from netbird_sdk.testing._peers import Peer
from netbird_sdk.testing._refusal import Refusal

__all__ = ["check_request", "credentials_of", "make_name", "mapping_of", "mode_of"]

_MODES: Final = {
    ExposeProtocol.HTTP: "http",
    ExposeProtocol.HTTPS: "http",
    ExposeProtocol.TCP: "tcp",
    ExposeProtocol.UDP: "udp",
    ExposeProtocol.TLS: "tls",
}
_USUAL_PORTS: Final = {"http": 80, "https": 443}
_HIGHEST_PORT: Final = 65_535
_PREFIX: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_PIN: Final = re.compile(r"[0-9]{6}")
_LETTERS: Final = string.ascii_lowercase + string.digits
_A_DAY: Final = 86_400


def mode_of(request: ExposeServiceRequest) -> str:
    """Return the mode of the mapping: `http`, `tcp`, `udp` or `tls`."""
    return _MODES[request.protocol]


def check_request(request: ExposeServiceRequest) -> None:
    """Look at everything that can be wrong with a request by itself.

    Raises:
        Refusal: Something is.
    """
    if request.port > _HIGHEST_PORT:
        raise _invalid(f"port out of range: {request.port}")
    if request.listen_port > _HIGHEST_PORT:
        raise _invalid(f"listen_port out of range: {request.listen_port}")
    if request.protocol not in _MODES:
        raise _invalid(f"unsupported expose protocol: {int(request.protocol)}")
    if problem := _problem(request):
        raise _invalid(f"validate expose request: {problem}")


def _problem(request: ExposeServiceRequest) -> str:
    if request.port == 0:
        return "port must be between 1 and 65535, got 0"
    mode = mode_of(request)
    if mode != "http" and (request.pin or request.password or request.user_groups):
        return f"authentication is not supported for {mode} mode"
    if request.pin and not _PIN.fullmatch(request.pin):
        return "invalid pin: must be exactly 6 digits"
    if "" in request.user_groups:
        return "user group name cannot be empty"
    if request.name_prefix and not _PREFIX.fullmatch(request.name_prefix):
        return (
            f'invalid name prefix "{request.name_prefix}": must be lowercase '
            "alphanumeric with optional hyphens, 1-32 characters"
        )
    return ""


def make_name(prefix: str) -> str:
    """Return a random name that starts with `prefix`, if there is one."""
    length = 4 if prefix else 12
    end = "".join(secrets.choice(_LETTERS) for _ in range(length))
    return f"{prefix}-{end}" if prefix else end


def mapping_of(
    request: ExposeServiceRequest, peer: Peer, domain: str, listen_port: int
) -> ProxyMapping:
    """Return what proxies are told of an exposed port."""
    mode = mode_of(request)
    path, target = "", f"{peer.address}:{request.port}"
    if mode == "http":
        scheme = request.protocol.name.lower()
        host = str(peer.address)
        if request.port != _USUAL_PORTS[scheme]:
            host = target
        path, target = "/", f"{scheme}://{host}/"
    return ProxyMapping(
        id=secrets.token_hex(10),
        account_id=peer.account_id,
        domain=domain,
        mode=mode,
        listen_port=listen_port,
        path=[PathMapping(path=path, target=target)],
        auth=Authentication(
            max_session_age_seconds=_A_DAY,
            password=bool(request.password),
            pin=bool(request.pin),
            oidc=bool(request.user_groups),
        ),
    )


def credentials_of(
    request: ExposeServiceRequest,
) -> list[PasswordRequest | PinRequest]:
    """Return what lets visitors in."""
    accepted: list[PasswordRequest | PinRequest] = []
    if request.pin:
        accepted.append(PinRequest(pin=request.pin))
    if request.password:
        accepted.append(PasswordRequest(password=request.password))
    return accepted


def _invalid(details: str) -> Refusal:
    return Refusal(StatusCode.INVALID_ARGUMENT, details)
