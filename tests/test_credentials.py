"""Tokens and setup keys: which are sent, and over what."""

from __future__ import annotations

import pytest

from netbird_sdk._credentials import (
    bearer,
    check_setup_key,
    check_token,
    refuse_plaintext,
)
from netbird_sdk._endpoint import parse_url
from netbird_sdk.errors import ConfigurationError

SETUP_KEY = "A616D4B4-7C35-4F0B-9C8E-0D3C4C6B9E21"


def test_a_proxy_token_becomes_a_bearer_header() -> None:
    assert bearer("nbx_abc123") == (("authorization", "Bearer nbx_abc123"),)


@pytest.mark.parametrize(
    "token",
    [
        "hunter2\n",
        " hunter2",
        "Bearer hunter2",
        "hunter2\x00",
        "hünter2",
        "hunter2\x7f",
    ],
)
def test_a_token_that_cannot_be_sent_is_refused_without_repeating_it(
    token: str,
) -> None:
    for check in (check_token, bearer):
        with pytest.raises(ConfigurationError, match="token holds a blank") as caught:
            check(token)
        assert "nter" not in str(caught.value)


def test_an_empty_token_is_refused_by_its_name() -> None:
    with pytest.raises(ConfigurationError, match="the proxy token is empty"):
        bearer("")
    with pytest.raises(ConfigurationError, match="the JWT is empty"):
        check_token("", what="JWT")


def test_a_setup_key_is_a_uuid_in_either_case() -> None:
    assert check_setup_key(f" {SETUP_KEY}\n") == SETUP_KEY
    assert check_setup_key(SETUP_KEY.lower()) == SETUP_KEY.lower()


@pytest.mark.parametrize(
    "setup_key",
    [
        "",
        "hunter2",
        SETUP_KEY[:-1],
        SETUP_KEY + "0",
        SETUP_KEY.replace("-", ""),
        f"{{{SETUP_KEY}}}",
        SETUP_KEY.replace("A", "G"),
        SETUP_KEY.replace("0", "٠"),  # noqa: RUF001 - digits of another script
    ],
)
def test_what_is_no_setup_key_is_refused_without_repeating_it(setup_key: str) -> None:
    with pytest.raises(ConfigurationError, match="no UUID like") as caught:
        check_setup_key(setup_key)
    assert not setup_key or setup_key not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "allow_insecure"),
    [
        ("https://netbird.example", False),
        ("http://127.0.0.1:8080", False),
        ("http://localhost", False),
        ("http://[::1]:80", False),
        ("http://netbird.example", True),
    ],
)
def test_secrets_go_over_tls_to_this_machine_or_where_allowed(
    url: str, allow_insecure: bool
) -> None:
    refuse_plaintext(parse_url(url), "setup key", allow_insecure=allow_insecure)


def test_secrets_are_refused_over_plaintext_with_the_ways_out() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"the proxy token would .* http://netbird\.example:80.*"
        r"use https, or pass allow_insecure=True",
    ):
        refuse_plaintext(
            parse_url("http://netbird.example"), "proxy token", allow_insecure=False
        )
