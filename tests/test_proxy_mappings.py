"""A session of ProxyClient and a server: what the two say to each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from live import (
    ADDRESS,
    QUICKLY,
    Events,
    Sink,
    client_of,
    mapping,
    mappings,
)
from netbird_sdk import (
    ConfigurationError,
    Disconnected,
    MappingRejected,
    ProxyClient,
    Rejected,
    Serves,
    SessionState,
    Synced,
)
from netbird_sdk.models.proxy import AccessRestrictions, ProxyStatus
from netbird_sdk.testing import ManagementServer


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer(batch_size=3) as server:
        yield server


@pytest.fixture
async def client(server: ManagementServer) -> AsyncIterator[ProxyClient]:
    async with client_of(server) as client:
        yield client


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def events() -> Events:
    return Events()


class TestSynchronisation:
    async def test_a_snapshot_is_told_committed_and_acknowledged(
        self, server: ManagementServer, client: ProxyClient, sink: Sink
    ) -> None:
        await server.put(*mappings(4))
        async with client.sync_mappings(sink) as session:
            await session.wait_synced()
            await server.wait_until(lambda s: s.streams[0].acks == 2)
            assert session.state is SessionState.READY
        assert sink.calls == [
            "upsert service-0",
            "upsert service-1",
            "upsert service-2",
            "commit",
            "upsert service-3",
            "commit, complete",
        ]
        assert sink.served == server.mappings
        assert all(m.auth_token for m in sink.served.values())

    async def test_an_empty_snapshot_is_committed_and_acknowledged(
        self, server: ManagementServer, client: ProxyClient, sink: Sink
    ) -> None:
        async with client.sync_mappings(sink) as session:
            await session.wait_synced()
            await server.wait_until(lambda s: s.streams[0].acks == 1)
        assert sink.calls == ["commit, complete"]

    async def test_no_ack_leaves_before_its_commit_has_returned(
        self, server: ManagementServer, client: ProxyClient, sink: Sink
    ) -> None:
        await server.put(*mappings(4))
        sink.may_commit.clear()
        async with client.sync_mappings(sink):
            await sink.until(lambda: "commit" in sink.calls)
            # The server would see an ack sent before an RPC on the same connection.
            await client.validate_session("a", "b")
            assert server.acks_total == 0
            assert server.streams[0].messages == 1
            sink.may_commit.set()
            await server.wait_until(lambda s: s.streams[0].acks == 2)

    async def test_changes_are_told_as_they_happen_each_acknowledged_once(
        self, server: ManagementServer, client: ProxyClient, sink: Sink
    ) -> None:
        async with client.sync_mappings(sink) as session:
            await session.wait_synced()
            await server.put(mapping("web"))
            await sink.until_serving(server)
            await server.put(mapping("web", domain="new.example.com"))
            await sink.until_serving(server)
            await server.put(mapping("web", rewrite_redirects=True))
            await sink.until_serving(server)
            await server.delete("web")
            await sink.until_serving(server)
            # Created, removed and created again for its domain twice, and removed.
            await server.wait_until(lambda s: s.streams[0].acks == 1 + 1 + 2 + 2 + 1)
            assert session.counters.messages == session.counters.acks == 7

    async def test_what_a_complete_snapshot_lacks_is_removed_at_its_end(
        self, server: ManagementServer, client: ProxyClient, sink: Sink
    ) -> None:
        await server.put(*mappings(7))
        async with client.sync_mappings(sink, backoff=QUICKLY) as session:
            await session.wait_synced()
            await server.delete("service-0", "service-5", announce=False)
            await server.put(mapping("late"), announce=False)
            sink.calls.clear()
            await server.drop_streams()
            await sink.until_serving(server)
            removals, rest = sink.calls[:2], sink.calls[2:]
            assert sorted(removals) == ["remove service-0", "remove service-5"]
            assert rest == ["upsert late", "commit, complete"]

    async def test_an_unchanged_table_costs_no_sink_call_after_a_reconnect(
        self,
        server: ManagementServer,
        client: ProxyClient,
        sink: Sink,
        events: Events,
    ) -> None:
        await server.put(*mappings(50))
        session = client.sync_mappings(sink, backoff=QUICKLY, on_event=events)
        async with session:
            await session.wait_synced()
            sink.calls.clear()
            for i in range(1, 4):
                await server.drop_streams()
                synced = await events.first(Synced, after=i)
                assert (synced.services, synced.unchanged) == (50, 50)
                assert (synced.upserted, synced.removed) == (0, 0)
            assert sink.calls == []
            assert session.counters.connections == 4

    async def test_a_bad_mapping_hurts_only_itself_and_management_hears_why(
        self,
        server: ManagementServer,
        client: ProxyClient,
        sink: Sink,
        events: Events,
    ) -> None:
        await server.put(*mappings(3))
        sink.rejects["service-1"] = RuntimeError("port 80 is taken")
        async with client.sync_mappings(sink, on_event=events) as session:
            await session.wait_synced()
            await server.wait_until(lambda s: len(s.status_updates) == 3)
            await server.wait_until(lambda s: s.acks_total == 1)
        assert set(sink.served) == {"service-0", "service-2"}
        told = {
            u.service_id: (u.status, u.error_message) for u in server.status_updates
        }
        assert told == {
            "service-0": (ProxyStatus.ACTIVE, None),
            "service-1": (ProxyStatus.ERROR, "port 80 is taken"),
            "service-2": (ProxyStatus.ACTIVE, None),
        }
        rejected = await events.first(MappingRejected)
        assert rejected.service_id == "service-1"

    async def test_services_rejected_at_commit_are_reported_and_the_rest_acknowledged(
        self, server: ManagementServer, client: ProxyClient, sink: Sink
    ) -> None:
        await server.put(*mappings(2))
        sink.at_commit = [Rejected({"service-1": "nginx: no such certificate"})]
        async with client.sync_mappings(sink, report_status="errors") as session:
            await session.wait_synced()
            await server.wait_until(lambda s: s.status_updates)
            await server.wait_until(lambda s: s.acks_total == 1)
        (update,) = server.status_updates
        assert update.error_message == "nginx: no such certificate"

    async def test_a_failed_commit_leaves_no_ack_and_ends_in_a_resync(
        self,
        server: ManagementServer,
        client: ProxyClient,
        sink: Sink,
        events: Events,
    ) -> None:
        await server.put(*mappings(2))
        sink.at_commit = [OSError("disk full")]
        session = client.sync_mappings(sink, backoff=QUICKLY, on_event=events)
        async with session:
            await sink.until_serving(server)
            await server.wait_until(lambda s: s.acks_total == 1)
            error = (await events.first(Disconnected)).error
            assert str(error) == "the sink's commit failed: disk full"
            assert isinstance(error.__cause__, OSError)
            assert server.stream_history[0].acks == 0

    async def test_the_sink_can_tell_more_of_a_service(
        self, server: ManagementServer, client: ProxyClient, sink: Sink
    ) -> None:
        await server.put(mapping("web"))
        async with client.sync_mappings(sink, report_status="errors") as session:
            await session.wait_synced()
            session.report_status(
                mapping("web"), ProxyStatus.ACTIVE, certificate_issued=True
            )
            await server.wait_until(lambda s: s.status_updates)
        (update,) = server.status_updates
        assert update.certificate_issued

    async def test_reports_can_be_left_out(
        self, server: ManagementServer, client: ProxyClient, sink: Sink
    ) -> None:
        await server.put(*mappings(2))
        sink.rejects["service-1"] = RuntimeError("no")
        async with client.sync_mappings(sink, report_status="none") as session:
            await session.wait_synced()
            session.report_status(mapping("web"), ProxyStatus.ACTIVE)
            assert session.counters.waiting_reports == 0
        assert server.status_updates == ()


class TestServes:
    async def test_the_introduction_says_who_connects(
        self, server: ManagementServer, sink: Sink
    ) -> None:
        async with (
            client_of(server, proxy_id="edge-1", version="9.9") as client,
            client.sync_mappings(sink) as session,
        ):
            await session.wait_synced()
        init = server.stream_history[0].init
        assert (init.proxy_id, init.version, init.address) == ("edge-1", "9.9", ADDRESS)
        assert init.started_at is not None

    @pytest.mark.parametrize("release", ["0.77.1", "0.71.0"])
    async def test_the_capabilities_follow_from_what_is_declared(
        self, sink: Sink, release: str
    ) -> None:
        async with (
            ManagementServer(release=release) as server,
            client_of(server) as client,
        ):
            for serves in (
                Serves(),
                Serves(modes={"tcp"}),
                Serves.everything(),
                Serves(require_subdomain=True, private_cluster=True),
            ):
                async with client.sync_mappings(sink, serves=serves) as session:
                    await session.wait_synced()
                sent = server.stream_history[-1].init.capabilities
                assert sent == serves.capabilities()

    async def test_the_attribute_of_the_sink_is_used_unless_overridden(
        self, server: ManagementServer, client: ProxyClient
    ) -> None:
        class DeclaringSink(Sink):
            serves = Serves(cidr_rules=True)

        rules = AccessRestrictions(allowed_cidrs=["10.0.0.0/8"])
        await server.put(mapping("web", access_restrictions=rules))
        sink = DeclaringSink()
        async with client.sync_mappings(sink) as session:
            await session.wait_synced()
        assert set(sink.served) == {"web"}
        sink = DeclaringSink()
        async with client.sync_mappings(sink, serves=Serves()) as session:
            await session.wait_synced()
        assert sink.calls == ["commit, complete"]

    async def test_what_is_refused_is_never_told_and_management_hears_what_to_declare(
        self,
        server: ManagementServer,
        client: ProxyClient,
        sink: Sink,
        events: Events,
    ) -> None:
        await server.put(mapping("db", mode="tcp"), mapping("web"))
        async with client.sync_mappings(sink, on_event=events) as session:
            await session.wait_synced()
            await server.wait_until(lambda s: len(s.status_updates) == 2)
        assert set(sink.served) == {"web"}
        (reason,) = (u.error_message for u in server.status_updates if u.error_message)
        assert "declare modes={'tcp'}" in reason
        assert (await events.first(MappingRejected)).refused

    async def test_an_older_version_of_what_is_refused_is_served_no_more(
        self, server: ManagementServer, client: ProxyClient, sink: Sink
    ) -> None:
        await server.put(mapping("web"))
        async with client.sync_mappings(sink) as session:
            await session.wait_synced()
            rules = AccessRestrictions(allowed_cidrs=["10.0.0.0/8"])
            await server.put(mapping("web", access_restrictions=rules))
            await sink.until(lambda: not sink.served)
            await server.wait_until(lambda s: s.acks_total == 2)

    @pytest.mark.parametrize("lacking", ["upsert", "remove", "commit"])
    async def test_an_object_that_is_no_sink_is_refused_at_once(
        self, client: ProxyClient, lacking: str
    ) -> None:
        methods = {"upsert": print, "remove": print, "commit": print}
        del methods[lacking]
        thing: Any = type("Thing", (), methods)()
        message = f"Thing is no MappingSink: it has no method {lacking}"
        with pytest.raises(ConfigurationError, match=message):
            client.sync_mappings(thing)

    async def test_the_class_of_a_sink_is_refused_at_once(
        self, client: ProxyClient
    ) -> None:
        kind: Any = Sink
        with pytest.raises(ConfigurationError, match="takes a sink, not its class"):
            client.sync_mappings(kind)

    async def test_a_declaration_of_another_type_is_refused_at_once(
        self, client: ProxyClient
    ) -> None:
        class Misdeclaring(Sink):
            serves = frozenset({"http"})

        with pytest.raises(ConfigurationError, match="serves must be a Serves"):
            client.sync_mappings(Misdeclaring())
