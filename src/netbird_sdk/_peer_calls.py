"""The sealed calls of a peer that is logged in: one coroutine for each RPC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import grpc

from netbird_sdk._credentials import check_token
from netbird_sdk._methods import management as rpc
from netbird_sdk._sealed import SealedCalls, SealedStream
from netbird_sdk.errors import ConfigurationError, RPCError, UnsupportedError
from netbird_sdk.models.management import (
    DeviceAuthorizationFlow,
    DeviceAuthorizationFlowRequest,
    Empty,
    ExtendAuthSessionRequest,
    PeerSystemMeta,
    PKCEAuthorizationFlow,
    PKCEAuthorizationFlowRequest,
    SyncMetaRequest,
    SyncRequest,
    SyncResponse,
)
from netbird_sdk.network_state import NO_EXPIRY
from netbird_sdk.system import check_meta

__all__ = ["PeerCalls", "check_sync_meta"]


class PeerCalls:
    """Makes the calls; implements `NetworkSource`."""

    def __init__(
        self, calls: SealedCalls, refuse_plaintext: Callable[[str], None]
    ) -> None:
        """Make calls; `refuse_plaintext` raises where a secret could be overheard."""
        self._calls = calls
        self._refuse_plaintext = refuse_plaintext

    async def open(self, meta: PeerSystemMeta) -> SealedStream[SyncResponse]:
        """Open the stream of updates of the network."""
        return await self._calls.stream(rpc.SYNC, SyncRequest(meta=meta))

    async def sync_meta(
        self, meta: PeerSystemMeta, timeout: float | None = None
    ) -> None:
        """Tell the server of this machine."""
        await self._calls.sealed(rpc.SYNC_META, SyncMetaRequest(meta=meta), timeout)

    async def extend(
        self, jwt: str, meta: PeerSystemMeta, timeout: float | None = None
    ) -> datetime | None:
        """Extend the login; return its new end, None if there is none."""
        self._refuse_plaintext("JWT")
        request = ExtendAuthSessionRequest(
            jwt_token=check_token(jwt, what="JWT"), meta=meta
        )
        answer = await self._calls.sealed(rpc.EXTEND_AUTH_SESSION, request, timeout)
        end = answer.session_expires_at
        return None if end == NO_EXPIRY else end

    async def logout(self, timeout: float | None) -> bool:
        """Delete the peer; return False if the server does not know it."""
        try:
            await self._calls.sealed(rpc.LOGOUT, Empty(), timeout)
        except RPCError as error:
            if error.code is not grpc.StatusCode.NOT_FOUND:
                raise
            return False
        return True

    async def device_flow(
        self, timeout: float | None
    ) -> DeviceAuthorizationFlow | None:
        """Ask how to log in by a code; None if the server does not offer that."""
        request = DeviceAuthorizationFlowRequest()
        method = rpc.GET_DEVICE_AUTHORIZATION_FLOW
        try:
            return await self._calls.sealed(method, request, timeout)
        except RPCError as error:
            if not _is_not_offered(error):
                raise
            return None

    async def pkce_flow(self, timeout: float | None) -> PKCEAuthorizationFlow | None:
        """Ask how to log in with a browser; None if the server does not offer that."""
        request = PKCEAuthorizationFlowRequest()
        method = rpc.GET_PKCE_AUTHORIZATION_FLOW
        try:
            return await self._calls.sealed(method, request, timeout)
        except RPCError as error:
            if not _is_not_offered(error):
                raise
            return None


def check_sync_meta(meta: PeerSystemMeta) -> PeerSystemMeta:
    """Return a description that does not ask for what sessions cannot read.

    Raises:
        ConfigurationError: It does, or must not reach a server.
    """
    check_meta(meta)
    if meta.sync_message_version:
        raise ConfigurationError(
            "meta.sync_message_version must be 0: the server would send the network "
            "in components, and this library follows network maps"
        )
    return meta


def _is_not_offered(error: RPCError) -> bool:
    unknown = error.code is grpc.StatusCode.NOT_FOUND
    return unknown or isinstance(error, UnsupportedError)
