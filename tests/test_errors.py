"""The error tree: what is transient, and that errors survive copying and pickling."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from netbird_sdk import errors
from netbird_sdk.errors import (
    AuthenticationError,
    ClosedError,
    ConfigurationError,
    LoginExpiredError,
    LoginRequiredError,
    NetBirdError,
    ProtocolError,
    RPCError,
    SealError,
    SetupKeyError,
    SinkError,
    TokenError,
    TokenReusedError,
    TransportError,
    UnsupportedError,
    UserBlockedError,
    UserMismatchError,
    is_transient,
)

TRANSIENT_CODES = {
    "RESOURCE_EXHAUSTED",
    "ABORTED",
    "INTERNAL",
    "UNKNOWN",
    "CANCELLED",
    "ALREADY_EXISTS",
}

REFUSALS = [
    kind("refused", method="Login", code=grpc.StatusCode.PERMISSION_DENIED)
    for kind in (
        LoginRequiredError,
        LoginExpiredError,
        SetupKeyError,
        TokenError,
        TokenReusedError,
        UserBlockedError,
        UserMismatchError,
    )
]

EVERY_ERROR = [
    NetBirdError("a"),
    ConfigurationError("b"),
    ClosedError("c"),
    TransportError("d", method="Login", code=grpc.StatusCode.UNAVAILABLE, details="x"),
    RPCError("e", method="Login", code=grpc.StatusCode.INTERNAL, details="y"),
    AuthenticationError("f", method="Sync", code=grpc.StatusCode.PERMISSION_DENIED),
    UnsupportedError("g", method="Job", code=grpc.StatusCode.UNIMPLEMENTED),
    ProtocolError("h", method="SyncMappings"),
    SealError("i", method="Login"),
    SinkError("j"),
    *REFUSALS,
]


def test_the_tree_is_the_documented_one() -> None:
    parents = {type(error): type(error).__bases__ for error in EVERY_ERROR}
    assert parents == {
        NetBirdError: (Exception,),
        ConfigurationError: (NetBirdError, ValueError),
        ClosedError: (NetBirdError,),
        TransportError: (NetBirdError,),
        RPCError: (NetBirdError,),
        AuthenticationError: (RPCError,),
        LoginRequiredError: (AuthenticationError,),
        LoginExpiredError: (AuthenticationError,),
        SetupKeyError: (AuthenticationError,),
        TokenError: (AuthenticationError,),
        TokenReusedError: (TokenError,),
        UserBlockedError: (AuthenticationError,),
        UserMismatchError: (AuthenticationError,),
        UnsupportedError: (RPCError,),
        ProtocolError: (NetBirdError,),
        SealError: (ProtocolError,),
        SinkError: (NetBirdError,),
    }


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    "clone",
    [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy],
    ids=["pickle", "copy", "deepcopy"],
)
def test_errors_survive_pickling_and_copying(
    error: NetBirdError, clone: Callable[[NetBirdError], NetBirdError]
) -> None:
    error.add_note("a note")
    twin = clone(error)
    assert type(twin) is type(error)
    assert (str(twin), twin.args) == (str(error), error.args)
    assert vars(twin) == vars(error)


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: type(error).__name__)
def test_what_is_transient_by_its_kind(error: NetBirdError) -> None:
    transient = {TransportError, RPCError, ProtocolError, SealError, SinkError}
    assert is_transient(error) is (type(error) in transient)


@pytest.mark.parametrize("code", grpc.StatusCode, ids=lambda code: code.name)
def test_what_is_transient_by_its_code(code: grpc.StatusCode) -> None:
    error = RPCError("refused", method="Sync", code=code)
    assert is_transient(error) is (code.name in TRANSIENT_CODES)


@pytest.mark.parametrize("code", grpc.StatusCode, ids=lambda code: code.name)
def test_refused_credentials_are_never_transient(code: grpc.StatusCode) -> None:
    """A token that may be used up keeps the status that said so, UNKNOWN for one."""
    assert not is_transient(AuthenticationError("no", method="Login", code=code))
    assert not is_transient(TokenReusedError("no", method="Login", code=code))


def test_the_module_loads_without_grpc() -> None:
    """Who only catches errors does not pay for gRPC."""
    # Under a bare package, so that what `netbird_sdk` itself imports does not count.
    program = """if True:
        import sys, types
        sys.modules["netbird_sdk"] = package = types.ModuleType("netbird_sdk")
        package.__path__ = [sys.argv[1]]
        import netbird_sdk.errors
        sys.exit("grpc" in sys.modules)
    """
    folder = Path(errors.__file__).parent
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True)
