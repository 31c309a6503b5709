"""What a sink can enforce, and the refusal of what it can't."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final, Literal, Self

import attrs

from netbird_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from netbird_sdk.models.proxy import (
        AccessRestrictions,
        Authentication,
        PathMapping,
        ProxyCapabilities,
        ProxyMapping,
    )

__all__ = ["AuthKind", "Mode", "Serves"]

Mode = Literal["http", "tcp", "udp", "tls"]
AuthKind = Literal["password", "pin", "oidc", "header"]

_MODES: Final = frozenset({"http", "tcp", "udp", "tls"})
_AUTH_FIELDS: Final = {
    "password": "auth.password",
    "pin": "auth.pin",
    "oidc": "auth.oidc",
    "header": "auth.header_auths",
}
_FIELDS: Final = frozenset(
    {
        "type",
        "mode",
        "listen_port",
        "private",
        "access_restrictions.allowed_cidrs",
        "access_restrictions.blocked_cidrs",
        "access_restrictions.allowed_countries",
        "access_restrictions.blocked_countries",
        "access_restrictions.crowdsec_mode",
        "path.options.middlewares",
        "path.target",
        *_AUTH_FIELDS.values(),
    }
)
_UNKNOWN: Final = (
    "unknown_fields",
    "auth.unknown_fields",
    "access_restrictions.unknown_fields",
    "path.options.unknown_fields",
)


def _names(value: Iterable[str]) -> frozenset[str]:
    if isinstance(value, str):
        raise ConfigurationError(f"expected a set of names, got the text {value!r}")
    return frozenset(value)


@attrs.frozen(kw_only=True)
class Serves:
    """What a sink can enforce; a mapping that asks for more is refused.

    The default serves HTTP services without access rules, logins or middlewares. The
    capabilities that management is told follow from this.
    """

    modes: frozenset[str] = attrs.field(default=frozenset({"http"}), converter=_names)
    """Of `http` (also what servers before v0.67 send: no mode), `tcp`, `udp`, `tls`."""
    custom_ports: bool = False
    """Can listen on the port that a mapping names."""
    cidr_rules: bool = False
    """Enforces allowed and blocked address ranges."""
    country_rules: bool = False
    """Enforces allowed and blocked countries."""
    crowdsec: bool = False
    """Enforces CrowdSec verdicts."""
    auth: frozenset[str] = attrs.field(default=frozenset[str](), converter=_names)
    """Of `password`, `pin`, `oidc`, `header`: the logins it asks visitors for."""
    private_services: bool = False
    """Lets in only whom `validate_tunnel_peer` allows, and nobody when it fails."""
    middlewares: bool = False
    """Runs the middlewares that a target lists."""
    mesh_targets: bool = True
    """Reaches targets behind the NetBird network; not a matter of safety."""
    require_subdomain: bool = False
    """Services need a label in front of the cluster's domain."""
    private_cluster: bool = False
    """The proxy is part of a NetBird client and reachable only over the network."""
    ignoring: frozenset[str] = attrs.field(default=frozenset[str](), converter=_names)
    """Fields to serve in spite of not enforcing them, each by name, such as
    `access_restrictions.crowdsec_mode` or `auth.unknown_fields.7`.
    """
    observes: bool = False
    """Refuse nothing: for programs that look at mappings and serve none."""

    def __attrs_post_init__(self) -> None:
        if odd := self.modes - _MODES:
            raise ConfigurationError(
                f"unknown mode {sorted(odd)}: known are {sorted(_MODES)}"
            )
        if odd := self.auth - _AUTH_FIELDS.keys():
            raise ConfigurationError(
                f"unknown auth kind {sorted(odd)}: known are {sorted(_AUTH_FIELDS)}"
            )
        for name in self.ignoring - _FIELDS:
            group, _, number = name.rpartition(".")
            if group not in _UNKNOWN or not number.isdecimal():
                raise ConfigurationError(
                    f"cannot ignore {name!r}: not a field that is ever refused;"
                    f" known are {sorted(_FIELDS)} and {_UNKNOWN[0]}.<number>"
                )

    @classmethod
    def everything(cls) -> Self:
        """For observers: every mapping is told, and management offers every kind."""
        return cls(
            modes=_MODES,
            custom_ports=True,
            cidr_rules=True,
            country_rules=True,
            crowdsec=True,
            auth=frozenset(_AUTH_FIELDS),
            private_services=True,
            middlewares=True,
            observes=True,
        )

    def capabilities(self) -> ProxyCapabilities:
        """Return what to tell management, which then leaves out some of the rest."""
        from netbird_sdk.models.proxy import ProxyCapabilities

        # Its mere presence, even as False, makes management send services with ports.
        with_ports = self.custom_ports or bool(self.modes - {"http"})
        return ProxyCapabilities(
            supports_custom_ports=self.custom_ports if with_ports else None,
            require_subdomain=self.require_subdomain,
            supports_crowdsec=self.crowdsec,
            private=self.private_cluster,
            supports_private_service=self.private_services,
        )

    def refusal(self, mapping: ProxyMapping) -> str | None:
        """Return why `mapping` can't be served, in words for its owner, or None."""
        if self.observes:
            return None
        for name, reason in self._objections(mapping):
            if name not in self.ignoring:
                return reason
        return None

    def _objections(self, mapping: ProxyMapping) -> Iterator[tuple[str, str]]:
        if not mapping.type.is_known:
            yield "type", f"update type {int(mapping.type)} is unknown to this proxy"
        mode = mapping.mode or "http"
        if mode not in self.modes:
            yield (
                "mode",
                f"this proxy does not serve mode {mode!r} (declare modes={{{mode!r}}})",
            )
        if mapping.listen_port and not self.custom_ports:
            yield (
                "listen_port",
                (
                    f"this proxy cannot listen on port {mapping.listen_port}"
                    " (declare custom_ports=True)"
                ),
            )
        if mapping.private and not self.private_services:
            yield (
                "private",
                (
                    "this proxy cannot restrict a service to the NetBird network"
                    " (declare private_services=True)"
                ),
            )
        yield from _unknown("", mapping.unknown_fields)
        if mapping.auth is not None:
            yield from self._auth(mapping.auth)
        if mapping.access_restrictions is not None:
            yield from self._restrictions(mapping.access_restrictions)
        for path in mapping.path:
            yield from self._path(path)

    def _auth(self, auth: Authentication) -> Iterator[tuple[str, str]]:
        asked = {
            "password": auth.password,
            "pin": auth.pin,
            "oidc": auth.oidc,
            "header": bool(auth.header_auths),
        }
        for kind, wanted in asked.items():
            if wanted and kind not in self.auth:
                yield (
                    _AUTH_FIELDS[kind],
                    (
                        f"this proxy cannot ask visitors for {kind} login"
                        f" (declare auth={{{kind!r}}})"
                    ),
                )
        yield from _unknown("auth.", auth.unknown_fields)

    def _restrictions(self, rules: AccessRestrictions) -> Iterator[tuple[str, str]]:
        where = "access_restrictions."
        for name in ("allowed_cidrs", "blocked_cidrs"):
            ranges: tuple[str, ...] = getattr(rules, name)
            if ranges and not self.cidr_rules:
                yield (
                    where + name,
                    f"this proxy cannot enforce {name} (declare cidr_rules=True)",
                )
            for text in ranges:
                # Skipping one would leave an allow list of only bad ranges wide open.
                if not _is_network(text):
                    yield (
                        where + name,
                        f"{name} holds {text!r}, which is not an address range",
                    )
        for name in ("allowed_countries", "blocked_countries"):
            if getattr(rules, name) and not self.country_rules:
                yield (
                    where + name,
                    f"this proxy cannot enforce {name} (declare country_rules=True)",
                )
        if rules.crowdsec_mode not in ("", "off") and not self.crowdsec:
            yield (
                where + "crowdsec_mode",
                (
                    f"this proxy cannot apply CrowdSec mode {rules.crowdsec_mode!r}"
                    " (declare crowdsec=True)"
                ),
            )
        yield from _unknown(where, rules.unknown_fields)

    def _path(self, path: PathMapping) -> Iterator[tuple[str, str]]:
        options = path.options
        direct = options is not None and options.direct_upstream
        if not direct and not self.mesh_targets:
            yield (
                "path.target",
                (
                    f"this proxy cannot reach {path.target!r} behind the network"
                    " (declare mesh_targets=True)"
                ),
            )
        if options is None:
            return
        if not self.middlewares and any(m.enabled for m in options.middlewares):
            yield (
                "path.options.middlewares",
                "this proxy runs no middlewares (declare middlewares=True)",
            )
        yield from _unknown("path.options.", options.unknown_fields)


def _unknown(where: str, numbers: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    for number in numbers:
        name = f"{where}unknown_fields.{number}"
        yield (
            name,
            (
                f"the mapping uses a setting newer than this proxy ({where}field"
                f" {number}): update it, or declare ignoring={{{name!r}}}"
            ),
        )


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True
