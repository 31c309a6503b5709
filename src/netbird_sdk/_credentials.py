"""Checks of what proves who we are, before any of it leaves the machine."""

from __future__ import annotations

import re
from typing import Final

from netbird_sdk._endpoint import Endpoint
from netbird_sdk.errors import ConfigurationError

__all__ = ["bearer", "check_setup_key", "check_token", "refuse_plaintext"]

_TOKEN: Final = re.compile(r"[!-~]+")
_SETUP_KEY: Final = re.compile(
    r"[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}", re.IGNORECASE
)


def check_token(token: str, *, what: str = "token") -> str:
    """Return a bearer token or JWT that can be sent as it is.

    Raises:
        ConfigurationError: It is empty or holds blanks or characters beyond ASCII; the
            message does not repeat it.
    """
    if not token:
        raise ConfigurationError(f"the {what} is empty")
    if not _TOKEN.fullmatch(token):
        raise ConfigurationError(
            f"the {what} holds a blank, a line end or a character beyond ASCII. Hint: "
            'give the bare value, without "Bearer" or a line end read from a file'
        )
    return token


def bearer(token: str) -> tuple[tuple[str, str]]:
    """Return the call metadata that carries a proxy token.

    Raises:
        ConfigurationError: The token cannot be sent, see `check_token`.
    """
    return (("authorization", f"Bearer {check_token(token, what='proxy token')}"),)


def check_setup_key(setup_key: str) -> str:
    """Return a setup key without the blanks around it.

    Raises:
        ConfigurationError: It is not a UUID; the message does not repeat it.
    """
    stripped = setup_key.strip()
    if not _SETUP_KEY.fullmatch(stripped):
        raise ConfigurationError(
            "the setup key is no UUID like XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX: "
            "copy it whole from the dashboard, where it is shown once"
        )
    return stripped


def refuse_plaintext(endpoint: Endpoint, what: str, *, allow_insecure: bool) -> None:
    """Refuse to send a secret where others could read it.

    Raises:
        ConfigurationError: The endpoint is neither https nor on this machine, and the
            caller did not allow it.
    """
    if endpoint.secure or endpoint.is_loopback or allow_insecure:
        return
    raise ConfigurationError(
        f"the {what} would cross the network unencrypted to {endpoint.url}, where "
        "others can read it and answer in the server's place: use https, or pass "
        "allow_insecure=True if you trust the network in between"
    )
