"""The sealed envelope of ManagementService: a NaCl box between two WireGuard keys.

A body is a random 24-byte nonce and the box: a 16-byte tag and as many bytes as the
plaintext has. Nothing binds it to an RPC, a direction or a moment, and both sides can
open it, their own bodies included.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from netbird_sdk.errors import SealError
from netbird_sdk.keys import PrivateKey, PublicKey

__all__ = ["OVERHEAD_BYTES", "Sealer"]

_NONCE_BYTES: Final = 24
OVERHEAD_BYTES: Final = _NONCE_BYTES + 16
"""How much longer a sealed body is than its plaintext."""


class Sealer:
    """Seals for one peer and opens what it sealed for us.

    The key both sides share is computed once, here: it costs much more than a box.
    """

    def __init__(
        self,
        private_key: PrivateKey,
        peer: PublicKey,
        *,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Compute the shared key.

        `random` is where nonces come from: one used twice gives the plaintexts away.

        Raises:
            SealError: The peer's public key is one no secret can be shared with.
        """
        from nacl.bindings import crypto_box_beforenm
        from nacl.exceptions import CryptoError

        self._peer = peer
        self._random = random
        try:
            self._shared_key = crypto_box_beforenm(peer.raw, private_key.raw)
        except CryptoError as error:
            raise SealError(
                f"public key {peer} cannot be used to seal: it is a weak key that "
                "every private key shares the same secret with"
            ) from error

    def seal(self, plaintext: bytes) -> bytes:
        """Return a body that only the peer (and we) can open."""
        from nacl.bindings import crypto_box_afternm

        nonce = self._random(_NONCE_BYTES)
        return nonce + crypto_box_afternm(plaintext, nonce, self._shared_key)

    def open(self, body: bytes, *, method: str = "") -> bytes:
        """Return the plaintext of a body the peer sealed.

        Raises:
            SealError: The body is empty, too short, damaged, or sealed with other keys.
        """
        from nacl.bindings import crypto_box_open_afternm
        from nacl.exceptions import CryptoError

        who = f"{method}: " if method else ""
        if not body:
            raise SealError(
                f"{who}the sealed body is empty: the server sent no message",
                method=method,
            )
        if len(body) < OVERHEAD_BYTES:
            raise SealError(
                f"{who}the sealed body has {len(body)} bytes, too short to be one: "
                f"nonce and tag alone take {OVERHEAD_BYTES}",
                method=method,
            )
        try:
            return crypto_box_open_afternm(
                body[_NONCE_BYTES:], body[:_NONCE_BYTES], self._shared_key
            )
        except CryptoError as error:
            raise SealError(
                f"{who}the sealed body did not open: it was damaged on the way, or "
                f"sealed with other keys than ours and {self._peer}",
                method=method,
            ) from error
