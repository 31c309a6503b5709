"""TLS on real sockets: whom a client trusts, what it shows, what an error says."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
import trustme

from loopback import ask, grpc_server, http1_answer, tcp_server
from netbird_sdk._channel import open_channel
from netbird_sdk._endpoint import parse_url
from netbird_sdk.config import TLS
from netbird_sdk.errors import ConfigurationError, TransportError


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trust(authority: trustme.CA) -> TLS:
    return TLS(ca_pem=authority.cert_pem.bytes().decode())


def server_credentials(
    authority: trustme.CA, *, asks_for_certificate: bool = False
) -> grpc.ServerCredentials:
    leaf = authority.issue_cert("localhost", "127.0.0.1", "netbird.example")
    chain = b"".join(pem.bytes() for pem in leaf.cert_chain_pems)
    return grpc.ssl_server_credentials(
        [(leaf.private_key_pem.bytes(), chain)],
        root_certificates=authority.cert_pem.bytes() if asks_for_certificate else None,
        require_client_auth=asks_for_certificate,
    )


def saved(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


async def test_a_custom_authority_is_trusted_from_text_and_from_a_file(
    authority: trustme.CA, trust: TLS, tmp_path: Path
) -> None:
    ca_file = saved(tmp_path / "ca.pem", authority.cert_pem.bytes())
    async with grpc_server(server_credentials(authority)) as port:
        for tls in (trust, TLS(ca_file=ca_file)):
            assert await ask(f"https://127.0.0.1:{port}", tls=tls) == b"hello"
        assert await ask(f"https://localhost:{port}", tls=trust) == b"hello"


async def test_an_authority_of_the_machine_is_trusted_and_no_other(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    ours = saved(tmp_path / "ours.pem", authority.cert_pem.bytes())
    other = saved(tmp_path / "other.pem", trustme.CA().cert_pem.bytes())
    async with grpc_server(server_credentials(authority)) as port:
        url = f"https://127.0.0.1:{port}"
        monkeypatch.setenv("SSL_CERT_FILE", str(ours))
        assert await ask(url) == b"hello"
        monkeypatch.setenv("SSL_CERT_FILE", str(other))
        with pytest.raises(TransportError, match=r"Hint: .*TLS\(ca_file=\.\.\.\)"):
            await ask(url)


async def test_authorities_in_a_directory_of_hashed_names_are_trusted(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", raising=False)
    saved(tmp_path / "0123abcd.0", b"not a certificate")
    saved(tmp_path / "0123abcd.1", authority.cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    async with grpc_server(server_credentials(authority)) as port:
        assert await ask(f"https://127.0.0.1:{port}") == b"hello"


async def test_a_certificate_for_another_name_is_refused_unless_named(
    authority: trustme.CA, trust: TLS
) -> None:
    ca_pem = trust.ca_pem
    async with grpc_server(server_credentials(authority)) as port:
        url = f"https://127.0.0.1:{port}"
        named = TLS(ca_pem=ca_pem, server_name="netbird.example")
        assert await ask(url, tls=named) == b"hello"
        wrong = TLS(ca_pem=ca_pem, server_name="other.example")
        with pytest.raises(TransportError, match=r"for another name.*server_name"):
            await ask(url, tls=wrong)


async def test_a_client_certificate_is_shown_and_its_lack_explained(
    authority: trustme.CA, trust: TLS, tmp_path: Path
) -> None:
    leaf = authority.issue_cert("peer.example")
    chain = b"".join(pem.bytes() for pem in leaf.cert_chain_pems)
    tls = TLS(
        ca_pem=trust.ca_pem,
        certificate_file=saved(tmp_path / "client.pem", chain),
        private_key_file=saved(tmp_path / "key.pem", leaf.private_key_pem.bytes()),
    )
    credentials = server_credentials(authority, asks_for_certificate=True)
    async with grpc_server(credentials) as port:
        url = f"https://127.0.0.1:{port}"
        assert await ask(url, tls=tls) == b"hello"
        with pytest.raises(TransportError, match=r"Hint: .*client certificate"):
            await ask(url, tls=trust)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda d: TLS(ca_file=d / "none.pem"), r"TLS\.ca_file .*none\.pem cannot be"),
        (lambda d: TLS(ca_file=d), r"TLS\.ca_file .* cannot be read: Is a directory"),
        (lambda d: TLS(ca_file=d / "junk"), r"TLS\.ca_file .*junk holds no usable"),
        (lambda _: TLS(ca_pem="junk"), r"TLS\.ca_pem holds no usable PEM"),
        (lambda _: TLS(ca_pem="schlüssel"), r"TLS\.ca_pem holds no usable PEM"),
        (
            lambda d: TLS(certificate_file=d / "junk", private_key_file=d / "none"),
            r"TLS\.private_key_file .*none cannot be read",
        ),
        (
            lambda d: TLS(certificate_file=d / "junk", private_key_file=d / "junk"),
            r"TLS\.certificate_file .* are no pair of a PEM certificate",
        ),
        (
            lambda d: TLS(certificate_file=d / "cert", private_key_file=d / "other"),
            r"TLS\.certificate_file .* are no pair of a PEM certificate",
        ),
    ],
)
async def test_files_that_cannot_work_are_refused_before_any_traffic(
    make: Callable[[Path], TLS], message: str, authority: trustme.CA, tmp_path: Path
) -> None:
    saved(tmp_path / "junk", b"no PEM at all")
    leaf, other = authority.issue_cert("a.example"), authority.issue_cert("b.example")
    saved(tmp_path / "cert", leaf.cert_chain_pems[0].bytes())
    saved(tmp_path / "other", other.private_key_pem.bytes())
    with pytest.raises(ConfigurationError, match=message):
        await open_channel(parse_url("https://127.0.0.1:1"), tls=make(tmp_path))


# --- servers that speak something else


async def test_a_server_of_http1_only_is_explained(
    authority: trustme.CA, trust: TLS
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    page = http1_answer("502 Bad Gateway", b"<html>Bad Gateway</html>")
    async with tcp_server(page, context) as port:
        with pytest.raises(TransportError, match=r"Hint: the server speaks HTTP/1\.1"):
            await ask(f"https://127.0.0.1:{port}", tls=trust)


async def test_https_to_a_server_without_tls_is_explained(trust: TLS) -> None:
    async with grpc_server() as port:
        with pytest.raises(TransportError, match="Hint: the server does not speak TLS"):
            await ask(f"https://127.0.0.1:{port}", tls=trust)


async def test_http_to_a_server_with_tls_is_explained(authority: trustme.CA) -> None:
    async with grpc_server(server_credentials(authority)) as port:
        with pytest.raises(TransportError, match=r"Hint: .*may want TLS \(https://"):
            await ask(f"http://127.0.0.1:{port}")
