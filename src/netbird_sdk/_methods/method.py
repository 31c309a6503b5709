"""What the table of RPCs says of each."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

from netbird_sdk._model import Model

__all__ = ["Method"]

RequestT_co = TypeVar("RequestT_co", bound=Model, covariant=True)
ResponseT_co = TypeVar("ResponseT_co", bound=Model, covariant=True)


@attrs.frozen(kw_only=True)
class Method(Generic[RequestT_co, ResponseT_co]):
    """One RPC."""

    path: str
    """The real path on the wire, such as `/management.ProxyService/SyncMappings`."""
    request: type[RequestT_co]
    response: type[ResponseT_co]
    client_streaming: bool = False
    server_streaming: bool = False
    sealed_request: bool = False
    """The request travels as the sealed body of an EncryptedMessage."""
    sealed_response: bool = False

    @property
    def name(self) -> str:
        """The RPC's own name, such as `SyncMappings`."""
        return self.path.rpartition("/")[2]
