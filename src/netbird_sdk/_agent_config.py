"""The configuration file of NetBird's own agent, as far as it says who the peer is.

The file is JSON. Its management URL is not text but an object of the URL's parts, and
the agent dials `Host` as it stands there, so the port is always in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, cast

from netbird_sdk._endpoint import Endpoint, parse_url
from netbird_sdk.errors import ConfigurationError
from netbird_sdk.keys import PrivateKey

__all__ = ["agent_config", "read_agent_config"]

_DEFAULTS: Final = {
    # A file without this field counts as one of old, for which the agent turns its SSH
    # server on. New ones have it off.
    "ServerSSHAllowed": False,
    # WireGuard's usual port, as in files that the agent makes; 0 or none would be
    # another one at each start.
    "WgPort": 51820,
}
_IDENTITY: Final = ("privatekey", "managementurl")


def agent_config(
    private_key: PrivateKey, endpoint: Endpoint, settings: Mapping[str, object]
) -> str:
    """Return a file's text. The agent adds what is missing when it reads it.

    Raises:
        ConfigurationError: `settings` would make it another peer, or is no JSON.
    """
    # The agent reads names in any case.
    taken = [name for name in settings if name.lower() in _IDENTITY]
    if taken:
        raise ConfigurationError(
            f"{' and '.join(taken)} of the agent's configuration come from the "
            "identity: leave them out of settings"
        )
    config = {
        "PrivateKey": private_key.text,
        "ManagementURL": {
            "Scheme": "https" if endpoint.secure else "http",
            "Host": endpoint.address,
        },
        **_DEFAULTS,
        **settings,
    }
    try:
        return json.dumps(config, indent=4)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"settings cannot be written: {error}") from error


def read_agent_config(text: str) -> tuple[str, PrivateKey]:
    """Return the management URL and the key in a file's text.

    Raises:
        ConfigurationError: They are not in it; the message does not repeat the key.
    """
    try:
        config = json.loads(text)
    except ValueError:
        # The error would hold the text, and with it the key.
        raise ConfigurationError("it is not JSON") from None
    if not isinstance(config, dict):
        raise ConfigurationError("it is no JSON object")
    fields = cast("dict[str, object]", config)
    key, url = fields.get("PrivateKey"), fields.get("ManagementURL")
    if not isinstance(key, str) or not key:
        raise ConfigurationError("it has no PrivateKey: the agent was never started")
    return _url(url), PrivateKey.parse(key)


def _url(value: object) -> str:
    if not isinstance(value, dict):
        raise ConfigurationError("it has no ManagementURL with Scheme and Host")
    parts = cast("dict[str, object]", value)
    return parse_url(f"{parts.get('Scheme')}://{parts.get('Host')}").url
