"""Sealed messages: opening those of peers, and sealing for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from grpc import StatusCode

from netbird_sdk import _codec
from netbird_sdk._methods.method import Method
from netbird_sdk._model import Model
from netbird_sdk._seal import Sealer
from netbird_sdk.errors import ConfigurationError, ProtocolError
from netbird_sdk.keys import PrivateKey, PublicKey
from netbird_sdk.models.management import EncryptedMessage
from netbird_sdk.testing._refusal import Refusal
from netbird_sdk.testing._rpc_table import RpcTable, decode_request

__all__ = ["Envelopes"]

ModelT = TypeVar("ModelT", bound=Model)
RequestT = TypeVar("RequestT", bound=Model)
ResponseT = TypeVar("ResponseT", bound=Model)


class Envelopes:
    """Opens and seals with the server's private key."""

    def __init__(self, private_key: PrivateKey) -> None:
        self._private_key = private_key
        self._public_key = str(private_key.public_key)
        self._sealers: dict[PublicKey, Sealer] = {}

    def unary(
        self,
        table: RpcTable[None],
        method: Method[RequestT, ResponseT],
        answer: Callable[[RequestT, PublicKey], ResponseT],
    ) -> None:
        """Serve an RPC of one sealed request; its response is sealed if it is to be."""

        def answer_bytes(data: bytes, _caller: None) -> bytes:
            key, request = self.open(method.name, method.request, data)
            response = answer(request, key)
            if method.sealed_response:
                return self.seal(key, response)
            return _codec.encode(response)

        table.unary_bytes(method, answer_bytes)

    def open(
        self, method_name: str, model: type[ModelT], data: bytes
    ) -> tuple[PublicKey, ModelT]:
        """Return who sent a message, and the message.

        Raises:
            Refusal: It does not open, or does not say who sent it.
        """
        message = decode_request(EncryptedMessage, data)
        try:
            key = PublicKey.parse(message.wg_pub_key)
        except ConfigurationError as error:
            raise _bad_key(method_name, message.wg_pub_key) from error
        try:
            body = self._sealer(key).open(message.body)
            return key, _codec.decode(model, body)
        except ProtocolError as error:
            raise _bad_body(method_name, message.wg_pub_key) from error

    def seal(self, key: PublicKey, response: Model) -> bytes:
        """Return the envelope of a message to a peer."""
        body = self._sealer(key).seal(_codec.encode(response))
        return _codec.encode(EncryptedMessage(wg_pub_key=self._public_key, body=body))

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
