"""A NetBird management server to test against, in your own process.

    async with ManagementServer() as server:
        token = server.add_proxy_token()
        await server.put(ProxyMapping(id="web", domain="web.example.com", mode="http"))
        ...  # point a proxy at server.url with this token
        await server.wait_until(lambda s: s.acks_total >= 1)

It speaks real gRPC on a port of 127.0.0.1, seals what is sealed, and answers with the
codes and messages of the real server. Nothing is stored anywhere: each server starts
out empty. `FaultProxy` puts a bad network in between.
"""

from __future__ import annotations

from netbird_sdk.testing._exposes import ExposedPort
from netbird_sdk.testing._listener import ServerTLS
from netbird_sdk.testing._mapping_stream import MappingStream
from netbird_sdk.testing._peers import Peer
from netbird_sdk.testing._server import ManagementServer
from netbird_sdk.testing._visitor_checks import Credential
from netbird_sdk.testing.fault_proxy import Fault, FaultProxy

__all__ = [
    "Credential",
    "ExposedPort",
    "Fault",
    "FaultProxy",
    "ManagementServer",
    "MappingStream",
    "Peer",
    "ServerTLS",
]
