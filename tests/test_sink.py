"""The sink's side: MappingTable, Rejected and the limits."""

from __future__ import annotations

import pickle
from collections.abc import MutableMapping
from typing import Any, cast

import pytest

from live import mapping
from netbird_sdk import (
    ConfigurationError,
    MappingSink,
    MappingTable,
    ProxyMapping,
    Rejected,
    SinkLimits,
)


class TestMappingTable:
    async def test_keeps_what_it_is_told(self) -> None:
        table = MappingTable()
        view = table.mappings
        await table.upsert(mapping("a"))
        await table.upsert(mapping("b"))
        await table.upsert(mapping("a", domain="new.example.com"))
        await table.remove(mapping("b", domain="out.of.date"))
        assert view == {"a": mapping("a", domain="new.example.com")}

    async def test_cannot_be_changed_through_its_view(self) -> None:
        view = cast("MutableMapping[str, ProxyMapping]", MappingTable().mappings)
        with pytest.raises(TypeError):
            view["a"] = mapping("a")

    async def test_is_complete_once_it_was_and_stays_so(self) -> None:
        table = MappingTable()
        await table.commit(complete=False)
        assert not table.complete
        await table.commit(complete=True)
        await table.commit(complete=False)
        assert table.complete

    async def test_tells_real_differences_once(self) -> None:
        told: list[tuple[str, ...]] = []

        async def added(new: ProxyMapping) -> None:
            told.append(("added", new.domain))

        async def modified(old: ProxyMapping, new: ProxyMapping) -> None:
            told.append(("modified", old.domain, new.domain))

        async def removed(old: ProxyMapping) -> None:
            told.append(("removed", old.domain))

        table = MappingTable(on_added=added, on_modified=modified, on_removed=removed)
        await table.upsert(mapping("a", domain="one"))
        await table.upsert(mapping("a", domain="one"))
        # The one-time token is another in every snapshot: no difference.
        await table.upsert(mapping("a", domain="one", auth_token="fresh"))
        await table.upsert(mapping("a", domain="two"))
        await table.remove(mapping("a", domain="three"))
        await table.remove(mapping("a"))
        assert told == [
            ("added", "one"),
            ("modified", "one", "two"),
            ("removed", "two"),
        ]

    async def test_hands_out_the_newest_token(self) -> None:
        table = MappingTable()
        await table.upsert(mapping("a", auth_token="old"))
        await table.upsert(mapping("a", auth_token="new"))
        assert table.mappings["a"].auth_token == "new"

    async def test_keeps_the_old_state_when_a_callback_raises(self) -> None:
        async def refuse(*_: ProxyMapping) -> None:
            raise ValueError("no")

        table = MappingTable(on_added=refuse)
        with pytest.raises(ValueError, match="no"):
            await table.upsert(mapping("a"))
        assert table.mappings == {}
        table = MappingTable(on_modified=refuse, on_removed=refuse)
        await table.upsert(mapping("a"))
        with pytest.raises(ValueError, match="no"):
            await table.upsert(mapping("a", domain="two"))
        with pytest.raises(ValueError, match="no"):
            await table.remove(mapping("a"))
        assert table.mappings == {"a": mapping("a")}

    def test_is_a_sink(self) -> None:
        assert isinstance(MappingTable(), MappingSink)


class TestRejected:
    def test_names_the_services_and_keeps_the_reasons(self) -> None:
        rejected = Rejected({"b": "port in use", "a": "no certificate"})
        assert str(rejected) == "rejected 2 service(s): ['a', 'b']"
        assert rejected.reasons == {"b": "port in use", "a": "no certificate"}

    def test_keeps_the_reasons_it_was_given(self) -> None:
        reasons = {"a": "no"}
        rejected = Rejected(reasons)
        reasons.clear()
        assert rejected.reasons == {"a": "no"}

    def test_can_be_pickled(self) -> None:
        copy = pickle.loads(pickle.dumps(Rejected({"a": "no"})))
        assert isinstance(copy, Rejected)
        assert copy.reasons == {"a": "no"}


class TestSinkLimits:
    def test_bound_every_call_and_let_none_overlap_by_default(self) -> None:
        limits = SinkLimits()
        assert limits.call == 120
        assert limits.shutdown == 10
        assert limits.concurrency == 1

    def test_can_be_lifted(self) -> None:
        SinkLimits(call=None, snapshot=None, services=None, shutdown=0)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("call", 0),
            ("call", -1),
            ("snapshot", 0),
            ("services", 0),
            ("shutdown", -1),
            ("shutdown", float("nan")),
            ("concurrency", 0),
        ],
    )
    def test_that_cannot_be_are_refused(self, name: str, value: Any) -> None:
        with pytest.raises(ConfigurationError, match=rf"SinkLimits\.{name} must"):
            SinkLimits(**{name: value})
