"""The RPCs of ManagementService: what peers log in with and follow the network by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TypeVar

from grpc import StatusCode

from netbird_sdk import _codec
from netbird_sdk._methods import management as methods
from netbird_sdk._methods.method import Method
from netbird_sdk._model import Model
from netbird_sdk._seal import Sealer
from netbird_sdk.errors import ConfigurationError, ProtocolError
from netbird_sdk.keys import PrivateKey, PublicKey
from netbird_sdk.models import management as models
from netbird_sdk.testing._live_call import LiveCall
from netbird_sdk.testing._network_map import NetworkMaps
from netbird_sdk.testing._peers import Peers
from netbird_sdk.testing._refusal import Refusal
from netbird_sdk.testing._rpc_table import RpcTable, decode_request
from netbird_sdk.testing._sessions import Sessions
from netbird_sdk.testing._sync_streams import SyncStreams

__all__ = ["ManagementService"]

RequestT = TypeVar("RequestT", bound=Model)
ResponseT = TypeVar("ResponseT", bound=Model)

_NOT_SERVED_YET: Final = (
    methods.JOB,
    methods.EXTEND_AUTH_SESSION,
    methods.CREATE_EXPOSE,
    methods.RENEW_EXPOSE,
    methods.STOP_EXPOSE,
)


class ManagementService:
    """Answers peers. All but two RPCs are sealed."""

    def __init__(
        self,
        *,
        private_key: PrivateKey,
        clock: Callable[[], float],
        peers: Peers,
        sessions: Sessions,
        streams: SyncStreams,
        maps: NetworkMaps,
        device_flow: models.DeviceAuthorizationFlow | None,
        pkce_flow: models.PKCEAuthorizationFlow | None,
    ) -> None:
        self._private_key = private_key
        self._public_key = str(private_key.public_key)
        self._clock = clock
        self._peers = peers
        self._sessions = sessions
        self._streams = streams
        self._maps = maps
        self._device_flow = device_flow
        self._pkce_flow = pkce_flow
        self._sealers: dict[PublicKey, Sealer] = {}

    def register(self, table: RpcTable[None]) -> None:
        """Serve these RPCs."""
        table.unary(methods.GET_SERVER_KEY, self.get_server_key)
        table.unary(methods.IS_HEALTHY, self.is_healthy)
        table.server_stream(methods.SYNC, self.sync)
        self._sealed(table, methods.LOGIN, self.log_in)
        self._sealed(table, methods.SYNC_META, self.sync_meta)
        self._sealed(table, methods.LOGOUT, self.log_out)
        self._sealed(table, methods.GET_DEVICE_AUTHORIZATION_FLOW, self.get_device_flow)
        self._sealed(table, methods.GET_PKCE_AUTHORIZATION_FLOW, self.get_pkce_flow)
        for method in _NOT_SERVED_YET:
            table.not_served_yet(method)

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
        user = None
        if request.jwt_token:
            user = self._sessions.use_login_token(request.jwt_token)
        peer = self._peers.log_in(key, request, request.meta, user)
        return self._maps.login_response(peer)

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
        self.remove_peer(key)
        return models.Empty()

    def remove_peer(self, key: PublicKey) -> None:
        """Delete a peer, tell it so if it listens, and tell the others."""
        peer = self._peers.remove(key)
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
        key, sealer, request = self._open(methods.SYNC, data)
        if key not in self._peers.by_key:
            raise Refusal(StatusCode.PERMISSION_DENIED, "peer is not registered")
        if request.meta is not None:
            self._peers.update(key, meta=request.meta)

        def seal(update: models.SyncResponse) -> bytes:
            return self._seal(sealer, update)

        await self._streams.serve(call, key, seal)

    def _sealed(
        self,
        table: RpcTable[None],
        method: Method[RequestT, ResponseT],
        answer: Callable[[RequestT, PublicKey], ResponseT],
    ) -> None:
        def answer_bytes(data: bytes, _caller: None) -> bytes:
            key, sealer, request = self._open(method, data)
            response = answer(request, key)
            if method.sealed_response:
                return self._seal(sealer, response)
            return _codec.encode(response)

        table.unary_bytes(method, answer_bytes)

    def _open(
        self, method: Method[RequestT, ResponseT], data: bytes
    ) -> tuple[PublicKey, Sealer, RequestT]:
        message = decode_request(models.EncryptedMessage, data)
        try:
            key = PublicKey.parse(message.wg_pub_key)
        except ConfigurationError as error:
            raise _bad_key(method.name, message.wg_pub_key) from error
        try:
            sealer = self._sealer(key)
            body = sealer.open(message.body)
            return key, sealer, _codec.decode(method.request, body)
        except ProtocolError as error:
            raise _bad_body(method.name, message.wg_pub_key) from error

    def _seal(self, sealer: Sealer, response: Model) -> bytes:
        body = sealer.seal(_codec.encode(response))
        return _codec.encode(
            models.EncryptedMessage(wg_pub_key=self._public_key, body=body)
        )

    def _sealer(self, key: PublicKey) -> Sealer:
        if key not in self._sealers:
            self._sealers[key] = Sealer(self._private_key, key)
        return self._sealers[key]


def _is_login_flow(method_name: str) -> bool:
    return method_name.endswith("AuthorizationFlow")


def _bad_key(method_name: str, text: str) -> Refusal:
    details = f"provided wgPubKey {text} is invalid"
    if _is_login_flow(method_name):
        details = (
            f"error while parsing peer's Wireguard public key {text} on "
            f"{method_name} request."
        )
    return Refusal(StatusCode.INVALID_ARGUMENT, details)


def _bad_body(method_name: str, text: str) -> Refusal:
    details = "invalid request message"
    if _is_login_flow(method_name):
        details = (
            f"error while decrypting peer's message with Wireguard public key {text}."
        )
    return Refusal(StatusCode.INVALID_ARGUMENT, details)
