"""What differs between two networks; what is the same object costs hardly anything."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import compress
from operator import is_, not_
from typing import Protocol, TypeVar

from netbird_sdk._model import Model
from netbird_sdk.models.management import (
    Checks,
    CustomZone,
    DNSConfig,
    RemotePeerConfig,
    SSHAuth,
)

__all__ = [
    "Compare",
    "difference",
    "peer_changes",
    "same_checks",
    "same_dns",
    "same_ssh",
]

ModelT = TypeVar("ModelT", bound=Model)
Peers = Mapping[str, RemotePeerConfig]


class Compare(Protocol):
    """`difference`, or what knows the answer beforehand."""

    def __call__(
        self, old: Sequence[ModelT], new: Sequence[ModelT], /
    ) -> tuple[tuple[ModelT, ...], tuple[ModelT, ...]]: ...


def peer_changes(
    old: Peers, new: Peers
) -> tuple[
    tuple[RemotePeerConfig, ...],
    tuple[RemotePeerConfig, ...],
    list[tuple[RemotePeerConfig, RemotePeerConfig]],
]:
    """Return the peers added, those removed, and pairs of those changed."""
    if old is new:
        return (), (), []
    # Not in Python for each peer: nearly all are the same object as before.
    same = map(is_, map(old.get, new), new.values())
    moved = [(old.get(key), new[key]) for key in compress(new, map(not_, same))]
    added = tuple(peer for was, peer in moved if was is None)
    changed = [(was, peer) for was, peer in moved if was is not None and was != peer]
    if len(old) + len(added) == len(new):
        return added, (), changed
    return added, tuple(old[key] for key in old if key not in new), changed


def difference(
    old: Sequence[ModelT], new: Sequence[ModelT]
) -> tuple[tuple[ModelT, ...], tuple[ModelT, ...]]:
    """Return the entries added and those removed; order and repetition mean nothing.

    Entries are told apart by identity first and by value then, which is right as long
    as equal entries of one list are one object, or none is shared between the lists.
    """
    if old is new:
        return (), ()
    added = dict.fromkeys(_missing(new, old))
    removed = dict.fromkeys(_missing(old, new))
    return (
        tuple(model for model in added if model not in removed),
        tuple(model for model in removed if model not in added),
    )


def same_checks(old: Sequence[Checks], new: Sequence[Checks]) -> bool:
    """Whether the same files are asked for."""
    return old is new or _files(old) == _files(new)


def same_dns(old: DNSConfig, new: DNSConfig, compare: Compare = difference) -> bool:
    """Whether names are to be answered alike."""
    if old == new:
        return True
    if (old.service_enable, old.forwarder_port) != (
        new.service_enable,
        new.forwarder_port,
    ) or any(difference(old.name_server_groups, new.name_server_groups)):
        return False
    if len(old.custom_zones) != len(new.custom_zones):
        return False
    zones = {zone.domain: zone for zone in old.custom_zones}
    return all(
        _same_zone(zones.get(zone.domain), zone, compare) for zone in new.custom_zones
    )


def same_ssh(old: SSHAuth | None, new: SSHAuth | None) -> bool:
    """Whether the same users may log in to the same accounts."""
    if old is None or new is None or old == new:
        return old == new
    return (old.user_id_claim, _grants(old)) == (new.user_id_claim, _grants(new))


def _missing(of: Collection[ModelT], there: Collection[ModelT]) -> Iterator[ModelT]:
    """Yield those of the objects that are not there; no Python code for the others."""
    missing = set(map(id, of)).difference(map(id, there))
    return compress(of, map(missing.__contains__, map(id, of))) if missing else iter(())


def _files(checks: Sequence[Checks]) -> set[str]:
    return {path for check in checks for path in check.files}


def _same_zone(old: CustomZone | None, new: CustomZone, compare: Compare) -> bool:
    if old is None or (old.search_domain_disabled, old.non_authoritative) != (
        new.search_domain_disabled,
        new.non_authoritative,
    ):
        return False
    return not any(compare(old.records, new.records))


def _grants(auth: SSHAuth) -> set[tuple[str, bytes]]:
    """Return who may become whom: positions in a list of users mean nothing alone."""
    users = auth.authorized_users
    named = {("", user) for user in users}
    return named | {
        (account, users[index] if index < len(users) else b"")
        for account, indexes in auth.machine_users.items()
        for index in indexes.indexes
    }
