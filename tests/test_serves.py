"""Serves: what is not declared is refused, with words that say what to declare."""

from __future__ import annotations

from typing import Any

import pytest

from live import mapping
from netbird_sdk import ConfigurationError, ProxyMapping, Serves
from netbird_sdk._codec import decode, encode
from netbird_sdk.models.proxy import (
    AccessRestrictions,
    Authentication,
    HeaderAuth,
    MiddlewareConfig,
    PathMapping,
    PathTargetOptions,
    ProxyCapabilities,
    ProxyMappingUpdateType,
)

HEADER = HeaderAuth(header="X-Key", hashed_value="hash")
A_MIDDLEWARE = MiddlewareConfig(id="limit", enabled=True)


def restricted(**rules: Any) -> ProxyMapping:
    return mapping(access_restrictions=AccessRestrictions(**rules))


def to_target(**options: Any) -> ProxyMapping:
    path = PathMapping(
        path="/", target="http://10.0.0.1", options=PathTargetOptions(**options)
    )
    return mapping(path=[path])


ASKING: dict[str, tuple[ProxyMapping, dict[str, Any], str]] = {
    "tcp": (mapping(mode="tcp"), {"modes": {"tcp"}}, "mode"),
    "udp": (mapping(mode="udp"), {"modes": {"udp"}}, "mode"),
    "tls": (mapping(mode="tls"), {"modes": {"tls"}}, "mode"),
    "custom port": (
        mapping(listen_port=8443),
        {"custom_ports": True},
        "listen_port",
    ),
    "private": (mapping(private=True), {"private_services": True}, "private"),
    "password": (
        mapping(auth=Authentication(password=True)),
        {"auth": {"password"}},
        "auth.password",
    ),
    "pin": (mapping(auth=Authentication(pin=True)), {"auth": {"pin"}}, "auth.pin"),
    "oidc": (mapping(auth=Authentication(oidc=True)), {"auth": {"oidc"}}, "auth.oidc"),
    "header": (
        mapping(auth=Authentication(header_auths=[HEADER])),
        {"auth": {"header"}},
        "auth.header_auths",
    ),
    "allowed ranges": (
        restricted(allowed_cidrs=["10.0.0.0/8"]),
        {"cidr_rules": True},
        "access_restrictions.allowed_cidrs",
    ),
    "blocked ranges": (
        restricted(blocked_cidrs=["2001:db8::/32"]),
        {"cidr_rules": True},
        "access_restrictions.blocked_cidrs",
    ),
    "allowed countries": (
        restricted(allowed_countries=["DE"]),
        {"country_rules": True},
        "access_restrictions.allowed_countries",
    ),
    "blocked countries": (
        restricted(blocked_countries=["US"]),
        {"country_rules": True},
        "access_restrictions.blocked_countries",
    ),
    "crowdsec": (
        restricted(crowdsec_mode="enforce"),
        {"crowdsec": True},
        "access_restrictions.crowdsec_mode",
    ),
    "crowdsec observing": (
        restricted(crowdsec_mode="observe"),
        {"crowdsec": True},
        "access_restrictions.crowdsec_mode",
    ),
    "middlewares": (
        to_target(middlewares=[A_MIDDLEWARE]),
        {"middlewares": True},
        "path.options.middlewares",
    ),
}


@pytest.mark.parametrize("name", ASKING)
class TestEachCapability:
    def test_is_refused_unless_declared(self, name: str) -> None:
        asking, declared, _ = ASKING[name]
        reason = Serves().refusal(asking)
        assert reason is not None
        # What to write is in the words: the capability's name, and its value.
        ((capability, value),) = declared.items()
        shown = value if value is True else str(value)
        assert f"(declare {capability}={shown})" in reason

    def test_is_accepted_once_declared(self, name: str) -> None:
        asking, declared, _ = ASKING[name]
        assert Serves(**declared).refusal(asking) is None

    def test_is_not_accepted_by_declaring_all_the_others(self, name: str) -> None:
        asking, declared, _ = ASKING[name]
        ((capability, value),) = declared.items()
        everything: dict[str, Any] = {
            "modes": {"http", "tcp", "udp", "tls"},
            "custom_ports": True,
            "private_services": True,
            "auth": {"password", "pin", "oidc", "header"},
            "cidr_rules": True,
            "country_rules": True,
            "crowdsec": True,
            "middlewares": True,
        }
        assert Serves(**everything).refusal(asking) is None
        less = everything[capability] - value if value is not True else False
        assert Serves(**everything | {capability: less}).refusal(asking) is not None

    def test_is_accepted_when_its_field_is_ignored_by_name(self, name: str) -> None:
        asking, _, field = ASKING[name]
        assert Serves(ignoring={field}).refusal(asking) is None
        others = {field for _, _, field in ASKING.values()} - {field}
        assert Serves(ignoring=others).refusal(asking) is not None

    def test_is_accepted_by_observers(self, name: str) -> None:
        assert Serves.everything().refusal(ASKING[name][0]) is None


class TestTheDefault:
    @pytest.mark.parametrize(
        "plain",
        [
            mapping(),
            mapping(mode=""),  # servers before v0.67
            mapping(auth=Authentication(session_key="key", max_session_age_seconds=9)),
            restricted(crowdsec_mode="off"),
            restricted(),
            to_target(direct_upstream=True, skip_tls_verify=True),
            to_target(middlewares=[MiddlewareConfig(id="limit", enabled=False)]),
            mapping(pass_host_header=True, rewrite_redirects=True),
        ],
    )
    def test_serves_plain_http(self, plain: ProxyMapping) -> None:
        assert Serves().refusal(plain) is None

    def test_refuses_modes_that_nobody_knows_yet(self) -> None:
        reason = Serves(modes={"http", "tcp", "udp", "tls"}).refusal(
            mapping(mode="quic")
        )
        assert reason is not None
        assert "'quic'" in reason

    def test_refuses_update_types_that_nobody_knows_yet(self) -> None:
        odd = mapping(type=ProxyMappingUpdateType(9))
        assert Serves().refusal(odd) == "update type 9 is unknown to this proxy"
        assert Serves(ignoring={"type"}).refusal(odd) is None

    def test_takes_it_that_targets_behind_the_mesh_are_reached(self) -> None:
        behind, direct = to_target(), to_target(direct_upstream=True)
        assert Serves().refusal(behind) is None
        without = Serves(mesh_targets=False)
        assert without.refusal(direct) is None
        assert "(declare mesh_targets=True)" in (without.refusal(behind) or "")
        assert without.refusal(mapping(path=[PathMapping(target="http://a")]))
        ignored = Serves(mesh_targets=False, ignoring={"path.target"})
        assert ignored.refusal(behind) is None


class TestAddressRanges:
    @pytest.mark.parametrize("field", ["allowed_cidrs", "blocked_cidrs"])
    @pytest.mark.parametrize(
        "bad", ["", "10.0.0.0/33", "10.0.0", "example.com", "10.0.0.0/8 ", "::/129"]
    )
    def test_that_are_none_are_refused_even_if_rules_are_enforced(
        self, field: str, bad: str
    ) -> None:
        """Skipping it would leave an allow list of bad ranges wide open."""
        asking = restricted(**{field: ["10.0.0.0/8", bad]})
        reason = Serves(cidr_rules=True).refusal(asking)
        assert reason == f"{field} holds {bad!r}, which is not an address range"

    @pytest.mark.parametrize(
        "good", ["10.0.0.0/8", "10.1.2.3/8", "10.1.2.3", "2001:db8::/32", "::1", "::/0"]
    )
    def test_that_are_some_are_accepted(self, good: str) -> None:
        assert Serves(cidr_rules=True).refusal(restricted(allowed_cidrs=[good])) is None

    def test_only_the_bad_one_of_several_rules_is_named(self) -> None:
        asking = restricted(allowed_cidrs=["10.0.0.0/8"], blocked_cidrs=["nonsense"])
        reason = Serves(cidr_rules=True).refusal(asking)
        assert reason is not None
        assert reason.startswith("blocked_cidrs")


# A setting of a later release: field 99 with the value 1, behind what we know.
LATER = b"\x98\x06\x01"


def nested(number: int, message: bytes) -> bytes:
    return bytes((number << 3 | 2, len(message))) + message


NEWER: dict[str, bytes] = {
    "unknown_fields.99": LATER,
    "auth.unknown_fields.99": nested(7, LATER),
    "access_restrictions.unknown_fields.99": nested(12, LATER),
    "path.options.unknown_fields.99": nested(5, nested(3, LATER)),
}


@pytest.mark.parametrize("name", NEWER)
class TestSettingsOfALaterRelease:
    @staticmethod
    def newer(name: str) -> ProxyMapping:
        return decode(ProxyMapping, encode(mapping()) + NEWER[name])

    def test_are_refused_whatever_is_declared(self, name: str) -> None:
        everything_but_observing = Serves(
            modes={"http", "tcp", "udp", "tls"},
            custom_ports=True,
            cidr_rules=True,
            country_rules=True,
            crowdsec=True,
            auth={"password", "pin", "oidc", "header"},
            private_services=True,
            middlewares=True,
        )
        reason = everything_but_observing.refusal(self.newer(name))
        assert reason is not None
        assert "newer than this proxy" in reason
        assert f"declare ignoring={{{name!r}}}" in reason

    def test_can_be_ignored_one_by_one(self, name: str) -> None:
        assert Serves(ignoring={name}).refusal(self.newer(name)) is None
        others = NEWER.keys() - {name}
        assert Serves(ignoring=others).refusal(self.newer(name)) is not None
        another_number = name.replace("99", "98")
        assert Serves(ignoring={another_number}).refusal(self.newer(name)) is not None

    def test_are_told_to_observers(self, name: str) -> None:
        assert Serves.everything().refusal(self.newer(name)) is None


class TestCapabilities:
    def test_of_the_default_do_not_speak_of_ports(self) -> None:
        """Their mere mention, even as False, makes management send such services."""
        assert Serves().capabilities() == ProxyCapabilities(
            supports_custom_ports=None,
            require_subdomain=False,
            supports_crowdsec=False,
            private=False,
            supports_private_service=False,
        )

    @pytest.mark.parametrize("mode", ["tcp", "udp", "tls"])
    def test_of_other_modes_ask_for_services_with_ports(self, mode: str) -> None:
        assert Serves(modes={mode}).capabilities().supports_custom_ports is False
        both = Serves(modes={mode}, custom_ports=True)
        assert both.capabilities().supports_custom_ports is True

    def test_follow_from_what_is_declared(self) -> None:
        assert Serves(
            custom_ports=True,
            require_subdomain=True,
            crowdsec=True,
            private_cluster=True,
            private_services=True,
        ).capabilities() == ProxyCapabilities(
            supports_custom_ports=True,
            require_subdomain=True,
            supports_crowdsec=True,
            private=True,
            supports_private_service=True,
        )


class TestDeclarations:
    @pytest.mark.parametrize(
        ("declared", "message"),
        [
            ({"modes": {"http", "quic"}}, r"unknown mode \['quic'\]: known are"),
            ({"modes": "http"}, "expected a set of names, got the text 'http'"),
            ({"auth": {"saml"}}, r"unknown auth kind \['saml'\]: known are"),
            ({"auth": "pin"}, "expected a set of names"),
            ({"ignoring": {"auth"}}, "cannot ignore 'auth': not a field that is ever"),
            ({"ignoring": {"auth.unknown_fields"}}, "cannot ignore"),
            ({"ignoring": {"auth.unknown_fields.x"}}, "cannot ignore"),
            ({"ignoring": {"nonsense.unknown_fields.7"}}, "cannot ignore"),
            ({"ignoring": "mode"}, "expected a set of names"),
        ],
    )
    def test_that_cannot_be_meant_are_refused(
        self, declared: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ConfigurationError, match=message):
            Serves(**declared)

    def test_of_names_take_any_iterable(self) -> None:
        assert Serves(modes=["tcp"]) == Serves(modes=frozenset({"tcp"}))
        assert hash(Serves()) == hash(Serves())
