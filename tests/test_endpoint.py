"""Management URLs: what they mean and which are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbird_sdk._endpoint import parse_url
from netbird_sdk.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "host", "port", "secure"),
    [
        ("https://netbird.example", "netbird.example", 443, True),
        ("http://netbird.example", "netbird.example", 80, False),
        ("https://netbird.example:33073/", "netbird.example", 33073, True),
        ("  HTTPS://NetBird.Example:443\n", "netbird.example", 443, True),
        ("http://10.0.0.1:8080", "10.0.0.1", 8080, False),
        ("https://[2001:DB8::0:1]", "2001:db8::1", 443, True),
        ("http://[::1]:80/", "::1", 80, False),
        ("http://net_bird-1:8080", "net_bird-1", 8080, False),
        ("https://bücher.example", "xn--bcher-kva.example", 443, True),
        ("https://netbird.example.", "netbird.example.", 443, True),
        ("https://netbird.example:", "netbird.example", 443, True),
    ],
)
def test_urls_are_understood(url: str, host: str, port: int, secure: bool) -> None:
    endpoint = parse_url(url)
    assert (endpoint.host, endpoint.port, endpoint.secure) == (host, port, secure)
    assert parse_url(endpoint.url) == endpoint


def test_no_host_name_is_taken_for_a_scheme_of_grpc() -> None:
    assert parse_url("http://unix:80").target == "dns:///unix:80"
    assert parse_url("https://[::1]").target == "dns:///[::1]:443"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "must begin with https:// or http://"),
        ("netbird.example", "must begin with https:// or http://"),
        ("netbird.example:443", "must begin with https:// or http://"),
        ("//netbird.example", "must begin with https:// or http://"),
        ("ftp://netbird.example", "must begin with https:// or http://"),
        ("unix:///run/netbird.sock", "must begin with https:// or http://"),
        ("https://", "neither a host name nor an IP address"),
        ("https://:443", "neither a host name nor an IP address"),
        ("https://net bird.example", "neither a host name nor an IP address"),
        ("https://netbird..example", "no host name"),
        ("https://-netbird.example", "neither a host name nor an IP address"),
        ("https://a,b", "neither a host name nor an IP address"),
        ("https://a%2fb", "neither a host name nor an IP address"),
        ("https://" + "a." * 130 + "example", "no host name|neither a host name"),
        ("https://" + "a" * 64, "no host name|neither a host name"),
        ("https://netbird.example:0", "must not name port 0"),
        ("https://netbird.example:65536", "an invalid host or port"),
        ("https://netbird.example:https", "an invalid host or port"),
        ("https://[::1", "an invalid host or port"),
        ("https://[::g]", "invalid host or port|no IPv6 address"),
        ("https://[fe80::1%25eth0]", "names a zone"),
        ("https://netbird.example/api", "must end after host and port"),
        ("https://netbird.example//", "must end after host and port"),
        ("https://netbird.example?a=b", "must end after host and port"),
        ("https://netbird.example?", "must end after host and port"),
        ("https://netbird.example#top", "must end after host and port"),
    ],
)
def test_other_urls_are_refused(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parse_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://jane:hunter2@netbird.example",
        "https://hunter2@netbird.example/",
        "https://jane:hunter2@netbird.example:65536",
        "https://jane:hunter2@netbird.example:hunter2",
        "https://jane:hunter2@[::1",
        "ftp://jane:hunter2@netbird.example",
    ],
)
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_url(url)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.255.0.9", True),
        ("[::1]", True),
        ("[0:0::1]", True),
        ("128.0.0.1", False),
        ("0.0.0.0", False),
        ("[::]", False),
        ("[::ffff:127.0.0.1]", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("127.1", False),
        ("2130706433", False),
        ("10.0.0.1", False),
    ],
)
def test_only_addresses_that_are_surely_this_machine_are_loopback(
    host: str, loopback: bool
) -> None:
    assert parse_url(f"http://{host}").is_loopback is loopback


@given(st.text() | st.text("htps:/@?#[]%.0123456789 \n", max_size=30))
def test_any_text_is_a_url_or_a_clear_error(text: str) -> None:
    for url in (text, f"https://{text}"):
        try:
            endpoint = parse_url(url)
        except ConfigurationError:
            continue
        assert parse_url(endpoint.url) == endpoint
