"""The RPCs of ManagementService: what peers log in with and follow the network by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from grpc import StatusCode

from netbird_sdk._methods import management as methods
from netbird_sdk.keys import PublicKey
from netbird_sdk.models import management as models
from netbird_sdk.testing._envelopes import Envelopes
from netbird_sdk.testing._exposes import Exposes
from netbird_sdk.testing._live_call import LiveCall
from netbird_sdk.testing._logins import Logins
from netbird_sdk.testing._network_map import NetworkMaps
from netbird_sdk.testing._peers import Peers
from netbird_sdk.testing._refusal import Refusal
from netbird_sdk.testing._rpc_table import RpcTable
from netbird_sdk.testing._sessions import Sessions
from netbird_sdk.testing._sync_streams import SyncStreams

__all__ = ["ManagementService"]


class ManagementService:
    """Answers peers. All but two RPCs are sealed."""

    def __init__(
        self,
        *,
        envelopes: Envelopes,
        public_key: PublicKey,
        clock: Callable[[], float],
        peers: Peers,
        sessions: Sessions,
        logins: Logins,
        exposes: Exposes,
        streams: SyncStreams,
        maps: NetworkMaps,
        device_flow: models.DeviceAuthorizationFlow | None,
        pkce_flow: models.PKCEAuthorizationFlow | None,
    ) -> None:
        self._envelopes = envelopes
        self._public_key = str(public_key)
        self._clock = clock
        self._peers = peers
        self._sessions = sessions
        self._logins = logins
        self._exposes = exposes
        self._streams = streams
        self._maps = maps
        self._device_flow = device_flow
        self._pkce_flow = pkce_flow

    def register(self, table: RpcTable[None]) -> None:
        """Serve these RPCs."""
        table.unary(methods.GET_SERVER_KEY, self.get_server_key)
        table.unary(methods.IS_HEALTHY, self.is_healthy)
        table.server_stream(methods.SYNC, self.sync)
        sealed = self._envelopes.unary
        sealed(table, methods.LOGIN, self.log_in)
        sealed(table, methods.SYNC_META, self.sync_meta)
        sealed(table, methods.LOGOUT, self.log_out)
        sealed(table, methods.EXTEND_AUTH_SESSION, self.extend_session)
        sealed(table, methods.GET_DEVICE_AUTHORIZATION_FLOW, self.get_device_flow)
        sealed(table, methods.GET_PKCE_AUTHORIZATION_FLOW, self.get_pkce_flow)

    def get_server_key(
        self, _request: models.Empty, _caller: None
    ) -> models.ServerKeyResponse:
        # The real server sends the second of the current minute as if it were a time.
        second = self._clock() % 60
        return models.ServerKeyResponse(
            key=self._public_key,
            expires_at=datetime.fromtimestamp(second, UTC),
        )

    def is_healthy(self, _request: models.Empty, _caller: None) -> models.Empty:
        return models.Empty()

    def log_in(
        self, request: models.LoginRequest, key: PublicKey
    ) -> models.LoginResponse:
        if request.meta is None:
            raise Refusal(
                StatusCode.FAILED_PRECONDITION,
                "peer system meta has to be provided to log in. "
                f"Peer {key}, remote addr <nil>",
            )
        known = self._peers.by_key.get(key)
        user = None
        if request.jwt_token:
            user = self._sessions.use_login_token(request.jwt_token)
        elif known is not None:
            self._logins.refuse_expired(known)
        peer = self._peers.log_in(key, request, request.meta, user)
        if user is not None and (known is None or self._logins.has_expired(peer)):
            self._logins.begin(peer)
        return self._maps.login_response(peer)

    def extend_session(
        self, request: models.ExtendAuthSessionRequest, key: PublicKey
    ) -> models.ExtendAuthSessionResponse:
        if not request.jwt_token:
            raise Refusal(StatusCode.INVALID_ARGUMENT, "jwt token is required")
        user = self._sessions.use_login_token(request.jwt_token)
        peer = self._peers.by_key.get(key)
        if peer is None:
            raise Refusal(StatusCode.NOT_FOUND, f"peer not found: {key}")
        deadline = self._logins.extend(peer, user)
        return models.ExtendAuthSessionResponse(session_expires_at=deadline)

    def sync_meta(
        self, request: models.SyncMetaRequest, key: PublicKey
    ) -> models.Empty:
        if request.meta is None:
            raise Refusal(
                StatusCode.FAILED_PRECONDITION,
                "peer system meta has to be provided on sync. "
                f"Peer {key}, remote addr <nil>",
            )
        if key not in self._peers.by_key:
            raise Refusal(StatusCode.NOT_FOUND, f"peer not found: {key}")
        self._peers.update(key, meta=request.meta)
        return models.Empty()

    def log_out(self, _request: models.Empty, key: PublicKey) -> models.Empty:
        if key not in self._peers.by_key:
            raise Refusal(StatusCode.NOT_FOUND, f"peer not found: {key}")
        self._exposes.refuse_removal(self._peers.by_key[key])
        self.remove_peer(key)
        return models.Empty()

    def remove_peer(self, key: PublicKey) -> None:
        """Delete a peer, tell it so if it listens, and tell the others."""
        peer = self._peers.remove(key)
        self._exposes.withdraw_all(key)
        self._streams.say_farewell(peer, self._maps.farewell(peer))

    def get_device_flow(
        self, _request: models.DeviceAuthorizationFlowRequest, _key: PublicKey
    ) -> models.DeviceAuthorizationFlow:
        if self._device_flow is None:
            raise Refusal(
                StatusCode.NOT_FOUND,
                "no device authorization flow information available",
            )
        return self._device_flow

    def get_pkce_flow(
        self, _request: models.PKCEAuthorizationFlowRequest, _key: PublicKey
    ) -> models.PKCEAuthorizationFlow:
        if self._pkce_flow is None:
            raise Refusal(
                StatusCode.NOT_FOUND,
                "no pkce authorization flow information available",
            )
        return self._pkce_flow

    async def sync(self, data: bytes, call: LiveCall, _caller: None) -> None:
        key, request = self._envelopes.open("Sync", models.SyncRequest, data)
        peer = self._peers.by_key.get(key)
        if peer is None:
            raise Refusal(StatusCode.PERMISSION_DENIED, "peer is not registered")
        self._logins.refuse_blocked(peer)
        self._logins.refuse_expired(peer)
        if request.meta is not None:
            self._peers.update(key, meta=request.meta)

        def seal(update: models.SyncResponse) -> bytes:
            return self._envelopes.seal(key, update)

        await self._streams.serve(call, key, seal)
