"""A real server, scripted through NetBird's public HTTP API."""

from __future__ import annotations

import asyncio
import json
import secrets
import urllib.request
from collections.abc import Mapping
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from demo_parts.scenery import Scenery, Server, Service
from netbird_sdk import ConfigurationError, NetBirdError

__all__ = ["ApiScenery"]

SERVICES: Final = "/api/reverse-proxies/services"
LOOPBACK: Final = {"127.0.0.1", "::1", "localhost"}


class ApiScenery(Scenery):
    """A real server; what the demo makes there it deletes at its end."""

    intro = (
        "This is your own server. The demo adds machines and services to it through "
        "its HTTP API, and deletes them at the end."
    )

    def __init__(self, server: Server, api_token: str, api_url: str) -> None:
        super().__init__()
        self.server = server
        self._api_url = api_url.rstrip("/")
        self._api_token = api_token
        parts = urlsplit(api_url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            raise ConfigurationError(f"{api_url}: the API token goes over https only")
        # A proxy of the environment is not asked for the way to this machine itself.
        ours = [urllib.request.ProxyHandler({})] if parts.hostname in LOOPBACK else []
        self._opener = urllib.request.build_opener(*ours)
        self._run = secrets.token_hex(
            2
        )  # so that runs don't meet each other's leavings
        self._resource = ""
        self._ids: dict[str, str] = {}

    async def prepare(self) -> None:
        """Make a resource for services to lead to."""
        # Services lead to peers or to resources of a network. Ours is this machine.
        before = {peer["id"] for peer in await self._call("GET", "/api/peers")}
        self._on_exit.push_async_callback(self._delete_peers_but, before)
        name = f"netbird-sdk demo {self._run}"
        network = await self._call("POST", "/api/networks", {"name": name})
        path = f"/api/networks/{network['id']}"
        self._on_exit.push_async_callback(self._call, "DELETE", path)
        resource = {"name": name, "address": "127.0.0.1", "enabled": True, "groups": []}
        made = await self._call("POST", f"{path}/resources", resource)
        self._resource = made["id"]
        self._on_exit.push_async_callback(
            self._call, "DELETE", f"{path}/resources/{self._resource}"
        )
        self._on_exit.push_async_callback(self._delete_services)

    def service(self, name: str, port: int, *, password: bool = False) -> Service:
        """Describe a service of the demo's cluster."""
        return super().service(f"{name}-{self._run}", port, password=password)

    async def put(self, service: Service) -> None:
        """Publish a service, or change it."""
        body = {
            "name": service.name,
            "domain": service.domain,
            "mode": "http",
            "enabled": True,
            "targets": [
                {
                    "target_id": self._resource,
                    "target_type": "host",
                    "protocol": "http",
                    "port": service.port,
                    "path": "/",
                    "enabled": True,
                    "options": {"direct_upstream": True},
                }
            ],
            "auth": {},
        }
        if service.password:
            password = {"enabled": True, "password": secrets.token_urlsafe()}
            body["auth"] = {"password_auth": password}
        if service.name in self._ids:
            path = f"{SERVICES}/{self._ids[service.name]}"
            await self._call("PUT", path, body)
        else:
            made = await self._call("POST", SERVICES, body)
            self._ids[service.name] = made["id"]

    async def delete(self, service: Service) -> None:
        """Withdraw a service."""
        await self._call("DELETE", f"{SERVICES}/{self._ids.pop(service.name)}")

    async def peers(self) -> Mapping[str, str]:
        """Return the addresses of all machines by name."""
        return {p["dns_label"]: p["ip"] for p in await self._call("GET", "/api/peers")}

    async def complaint(self, service: Service) -> str:
        """Wait until the proxy has told management, and return what it shows."""
        path = f"{SERVICES}/{self._ids[service.name]}"
        async with asyncio.timeout(self.patience):
            while True:
                status = (await self._call("GET", path))["meta"]["status"]
                if status == "error":
                    return "error"
                await asyncio.sleep(0.2)  # the API has no way to wait

    async def _delete_services(self) -> None:
        for service_id in self._ids.values():
            await self._call("DELETE", f"{SERVICES}/{service_id}")

    async def _delete_peers_but(self, kept: set[str]) -> None:
        for peer in await self._call("GET", "/api/peers"):
            if peer["id"] not in kept and peer["hostname"].startswith("demo-"):
                await self._call("DELETE", f"/api/peers/{peer['id']}")

    async def _call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        return await asyncio.to_thread(self._request, method, path, body)

    def _request(self, method: str, path: str, body: object) -> object:
        request = urllib.request.Request(  # noqa: S310 - of the scheme checked above
            self._api_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Token {self._api_token}",
                "Content-Type": "application/json",
            },
        )
        try:
            with self._opener.open(request, timeout=15) as response:
                text = response.read()
        except HTTPError as error:
            reason = error.read(600).decode(errors="replace").strip()
            raise NetBirdError(f"{method} {path}: {error.code} {reason}") from error
        except (URLError, OSError) as error:
            raise NetBirdError(f"{method} {path}: {error}") from error
        return json.loads(text) if text.strip() else None
