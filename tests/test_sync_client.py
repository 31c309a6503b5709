"""A client follows its network, against the test server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import pytest

from netbird_sdk import (
    Backoff,
    ConfigurationError,
    LoginRequiredError,
    ManagementClient,
    NetworkChange,
    NetworkState,
    PrivateKey,
    SessionState,
)
from netbird_sdk.models.management import (
    Checks,
    File,
    NetbirdConfig,
    NetworkMap,
    PeerSystemMeta,
    RelayConfig,
    RemotePeerConfig,
    SyncResponse,
)
from netbird_sdk.testing import ManagementServer
from netbird_sdk.testing.fault_proxy import FaultProxy

META = PeerSystemMeta(hostname="host", netbird_version="0.77.1")
AT_ONCE = Backoff(initial=0.01, maximum=0.05)


@asynccontextmanager
async def peer(
    server: ManagementServer, *, jwt: str | None = None
) -> AsyncIterator[ManagementClient]:
    """Make a client that is logged in."""
    key = PrivateKey.generate()
    async with ManagementClient(server.url, private_key=key) as client:
        setup_key = None if jwt else server.add_setup_key()
        await client.login(META, setup_key=setup_key, jwt=jwt)
        yield client


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        yield server


@pytest.fixture
async def client(server: ManagementServer) -> AsyncIterator[ManagementClient]:
    async with peer(server) as client:
        yield client


def port_of(server: ManagementServer) -> int:
    port = urlsplit(server.url).port
    assert port is not None
    return port


class TestSync:
    async def test_follows_peers_that_join_and_leave(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        changes: list[NetworkChange] = []

        async def on_update(_network: NetworkState, change: NetworkChange) -> None:
            changes.append(change)

        async with client.sync(META, on_update=on_update) as session:
            await session.wait_synced()
            assert session.network.peer_config is not None
            assert session.network.netbird_config is not None
            other = server.add_peer("other")
            network = await session.wait_until(lambda n: len(n.peers) == 1)
            assert network.peers[str(other.public_key)].fqdn == other.fqdn
            server.remove_peer(other.public_key)
            await session.wait_until(lambda n: not n.peers)
            await asyncio.sleep(0)
        assert [len(c.peers_added) - len(c.peers_removed) for c in changes] == [
            0,
            1,
            -1,
        ]
        assert len(changes[1].firewall_rules_added) == 2
        await server.wait_until(lambda s: not s.peers[client.public_key].connected)

    async def test_tells_of_this_machine_by_itself(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        async with client.sync() as session:
            await session.wait_synced()
            meta = server.peers[client.public_key].meta
        assert meta.hostname
        assert meta.sync_message_version == 0

    async def test_goes_on_after_a_restart_with_another_key(self) -> None:
        """As real servers have after every restart."""
        key = PrivateKey.generate()
        async with (
            ManagementServer() as old,
            ManagementServer() as new,
            FaultProxy("127.0.0.1", port_of(old)) as network,
            ManagementClient(
                f"http://127.0.0.1:{network.port}", private_key=key
            ) as client,
        ):
            await client.login(META, setup_key=old.add_setup_key())
            async with client.sync(META, backoff=AT_ONCE) as session:
                await session.wait_synced()
                new.add_peer("self", public_key=key.public_key)
                other = new.add_peer("other")
                network.target = ("127.0.0.1", port_of(new))
                await network.reset()
                await session.wait_until(lambda n: str(other.public_key) in n.peers)

    async def test_merges_what_the_server_sends_in_parts(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        server.add_peer("other")
        async with client.sync(META) as session:
            await session.wait_synced()
            before = session.network
            relay = NetbirdConfig(relay=RelayConfig(token_payload="new"))
            server.publish(client.public_key, SyncResponse(netbird_config=relay))
            network = await session.wait_until(
                lambda n: n.netbird_config != before.netbird_config
            )
            assert network.peers is before.peers
            assert network.netbird_config is not None
            assert network.netbird_config.relay == relay.relay

    async def test_ends_when_the_peer_is_deleted(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        session = client.sync(META, backoff=AT_ONCE)
        running = asyncio.create_task(session.run())
        await session.wait_synced()
        server.remove_peer(client.public_key)
        with pytest.raises(LoginRequiredError):
            await running
        assert session.state is SessionState.CLOSED

    async def test_of_a_stranger_ends_at_once(self, server: ManagementServer) -> None:
        key = PrivateKey.generate()
        async with ManagementClient(server.url, private_key=key) as client:
            with pytest.raises(LoginRequiredError, match="call login"):
                await client.sync(META).run()

    async def test_answers_posture_checks(
        self, server: ManagementServer, client: ManagementClient, tmp_path: Path
    ) -> None:
        """As soon as the server asks, and with nothing once it asks no more."""
        there, missing = tmp_path / "there", tmp_path / "missing"
        there.touch()
        files = [str(there), str(missing)]
        asked = SyncResponse(
            network_map=NetworkMap(serial=99), checks=[Checks(files=files)]
        )
        async with client.sync(META) as session:
            await session.wait_synced()
            server.publish(client.public_key, asked)
            await server.wait_until(lambda s: s.peers[client.public_key].meta.files)
            assert server.peers[client.public_key].meta.files == (
                File(path=str(there), exist=True),
                File(path=str(missing)),
            )
            server.publish(client.public_key, attrs.evolve(asked, checks=[]))
            await server.wait_until(lambda s: not s.peers[client.public_key].meta.files)
        assert server.peers[client.public_key].meta == META

    async def test_keeps_up_with_a_large_network(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        """A message of more than 4 MiB is no reason to lose the stream."""
        peers = [
            RemotePeerConfig(wg_pub_key=f"{i:044}", fqdn="x" * 200)
            for i in range(20_000)
        ]
        async with client.sync(META) as session:
            await session.wait_synced()
            for serial in (98, 99):
                server.publish(
                    client.public_key,
                    SyncResponse(
                        network_map=NetworkMap(serial=serial, remote_peers=peers)
                    ),
                )
            await session.wait_until(lambda n: n.serial == 99)
            assert len(session.network.peers) == 20_000
        assert server.calls["Sync"] == 1

    @pytest.mark.parametrize(
        "meta",
        [attrs.evolve(META, sync_message_version=1), attrs.evolve(META, hostname="")],
    )
    async def test_refuses_a_description_that_would_do_harm(
        self, client: ManagementClient, meta: PeerSystemMeta
    ) -> None:
        with pytest.raises(ConfigurationError, match="meta"):
            client.sync(meta)
        with pytest.raises(ConfigurationError, match="meta"):
            await client.sync_meta(meta)
