"""What the table of RPCs says of each."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

from netbird_sdk._model import Model

__all__ = ["Method"]

RequestT = TypeVar("RequestT", bound=Model, covariant=True)
ResponseT = TypeVar("ResponseT", bound=Model, covariant=True)


@attrs.frozen(kw_only=True)
class Method(Generic[RequestT, ResponseT]):
    """One RPC."""

    path: str
    """The real path on the wire, such as `/management.ProxyService/SyncMappings`."""
    request: type[RequestT]
    response: type[ResponseT]
    client_streaming: bool = False
    server_streaming: bool = False
    sealed_request: bool = False
    """The request travels as the sealed body of an EncryptedMessage."""
    sealed_response: bool = False

    @property
    def name(self) -> str:
        """The RPC's own name, such as `SyncMappings`."""
        return self.path.rpartition("/")[2]
