"""Events: plain facts that can be kept, compared and matched on."""

from __future__ import annotations

import logging
from typing import get_args

import attrs
import grpc
import pytest

import netbird_sdk
from live import QUICKLY, Sink, client_of
from netbird_sdk import Disconnected, SessionEvent, Synced, TransportError
from netbird_sdk.testing import ManagementServer

KINDS: tuple[type[attrs.AttrsInstance], ...] = get_args(SessionEvent)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
class TestEachEvent:
    def test_is_exported(self, kind: type) -> None:
        assert getattr(netbird_sdk, kind.__name__) is kind

    def test_is_frozen_and_keyword_only(self, kind: type[attrs.AttrsInstance]) -> None:
        fields = attrs.fields(kind)
        event = kind(**dict.fromkeys((field.name for field in fields), None))
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(event, fields[0].name, 1)
        assert all(field.kw_only for field in fields)


def test_events_with_equal_contents_are_equal() -> None:
    error = TransportError("gone", method="M", code=grpc.StatusCode.UNAVAILABLE)
    one, other = (Disconnected(error=error, retry_in=1.5) for _ in range(2))
    assert one == other
    assert "TransportError('gone')" in repr(one)


async def test_a_callback_that_raises_is_logged_and_does_no_harm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def break_down(event: SessionEvent) -> None:
        raise RuntimeError(f"cannot take {type(event).__name__}")

    async with (
        ManagementServer() as server,
        client_of(server) as client,
        client.sync_mappings(Sink(), on_event=break_down) as session,
    ):
        await session.wait_synced()
    assert "on_event raised for Connected" in caplog.text
    assert "cannot take Synced" in caplog.text


async def test_the_first_failure_in_a_row_is_a_warning_and_the_rest_are_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "netbird_sdk")
    seen: list[SessionEvent] = []
    sink = Sink()

    def note(event: SessionEvent) -> None:
        seen.append(event)
        sink.changed()

    def disconnections() -> int:
        return sum(isinstance(event, Disconnected) for event in seen)

    async with ManagementServer() as server, client_of(server) as client:
        session = client.sync_mappings(sink, backoff=QUICKLY, on_event=note)
        async with session:
            await session.wait_synced()
            await server.stop()
            await sink.until(lambda: disconnections() >= 4)
            await server.start()
            await sink.until(lambda: sum(isinstance(e, Synced) for e in seen) == 2)
    lines = [r.levelno for r in caplog.records if "Disconnected(" in r.getMessage()]
    assert lines == [logging.WARNING] + [logging.DEBUG] * (len(lines) - 1)


async def test_no_log_line_holds_the_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with ManagementServer() as server:
        token = server.add_proxy_token()
        async with client_of(server, token=token) as client:
            session = client.sync_mappings(Sink(), backoff=QUICKLY)
            async with session:
                await session.wait_synced()
                await server.restart()
                await server.wait_until(lambda s: s.streams)
    assert caplog.records
    assert token not in caplog.text
