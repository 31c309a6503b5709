"""What a test does with the ports and the jobs of peers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from netbird_sdk.keys import PublicKey
from netbird_sdk.models.management import BundleParameters, JobRequest, JobResponse
from netbird_sdk.testing._exposes import ExposedPort, ExposePolicy
from netbird_sdk.testing._world import World

__all__ = ["PeerWorkScript"]

_ACCOUNT: Final = "account-1"


class PeerWorkScript:
    """Ports that peers expose, and jobs that they are given."""

    def __init__(self, world: World) -> None:
        self._world = world

    def allow_expose(
        self,
        *,
        account_id: str = _ACCOUNT,
        cluster: str | None = None,
        peers: Collection[PublicKey] | None = None,
        groups: Collection[str] = ("All",),
    ) -> None:
        """Let peers expose ports; without this none may.

        Args:
            account_id: The account whose peers may.
            cluster: Where services are published when no proxy is connected. Without
                a proxy and without this, exposing fails with INTERNAL.
            peers: The only peers that may; None for all of the account.
            groups: Names of the user groups that a service can be limited to.
        """
        self._world.exposes.policies[account_id] = ExposePolicy(
            cluster=cluster, peers=peers, groups=groups
        )

    def forbid_expose(self, *, account_id: str = _ACCOUNT) -> None:
        """Let no peer expose further ports."""
        self._world.exposes.policies.pop(account_id, None)

    @property
    def exposed_ports(self) -> tuple[ExposedPort, ...]:
        """The ports that peers have published, oldest first.

        Each is also one of `mappings`, and `delete` withdraws it as an administrator
        would.
        """
        return self._world.exposes.ports

    def withdraw_expired_ports(self) -> None:
        """Withdraw the ports that were not renewed for 90 seconds of the clock.

        The server does so by itself at every call about exposed ports and every 30
        seconds of real time.
        """
        self._world.exposes.withdraw_expired()

    @property
    def job_peers(self) -> frozenset[PublicKey]:
        """The peers whose Job stream is open."""
        return self._world.job_streams.open

    @property
    def job_responses(self) -> tuple[JobResponse, ...]:
        """What came of the jobs that `run_job` gave out."""
        return tuple(self._world.job_streams.responses)

    async def run_job(
        self, public_key: PublicKey, parameters: BundleParameters | None
    ) -> JobResponse:
        """Give a peer a job, and return what came of it.

        A peer that disconnects meanwhile has failed, as the real server sees it. None
        stands for a kind of work that the peer does not know.

        Raises:
            ConfigurationError: The peer has no Job stream open, or a job already.
        """
        return await self._world.job_streams.run(public_key, parameters)

    def push_job(self, public_key: PublicKey, request: JobRequest) -> None:
        """Send any request on a peer's Job stream; nobody waits for the outcome.

        Raises:
            ConfigurationError: The peer has no Job stream open.
        """
        self._world.job_streams.push(public_key, request)
