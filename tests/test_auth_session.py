"""A login is extended in time; on virtual time, with days passing in no time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import attrs
import grpc
import pytest

from netbird_sdk.auth_session import watch_deadline
from netbird_sdk.errors import (
    ClosedError,
    NetBirdError,
    RPCError,
    TokenError,
    TokenReusedError,
    TransportError,
    UserMismatchError,
)
from netbird_sdk.network_state import NetworkState
from simulation.virtual_time import on_virtual_time

START = datetime(2026, 7, 1, tzinfo=UTC)
DAY = timedelta(days=1)
UNREACHABLE = TransportError(
    "x", method="ExtendAuthSession", code=grpc.StatusCode.UNAVAILABLE
)


def refusal(kind: type[RPCError], code: grpc.StatusCode) -> RPCError:
    return kind("no", method="ExtendAuthSession", code=code)


def now() -> datetime:
    return START + timedelta(seconds=asyncio.get_running_loop().time())


@attrs.define(kw_only=True, eq=False)
class Login:
    """A session whose login can be extended by `lifetime`; a `LoginSession`."""

    network: NetworkState = attrs.field(factory=NetworkState)
    lifetime: timedelta | None = DAY
    answers: list[NetBirdError] = attrs.field(factory=list)
    """What the next extensions fail with."""
    sent: list[tuple[timedelta, str]] = attrs.field(factory=list)
    """When each token was sent."""
    renewals: int = 0
    over: bool = False
    _news: asyncio.Event = attrs.field(factory=asyncio.Event)

    def expires_in(self, time: timedelta | None) -> None:
        end = None if time is None else now() + time
        self.network = attrs.evolve(self.network, session_expires_at=end)
        self._wake()

    def end(self) -> None:
        self.over = True
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def wait_until(
        self, condition: Callable[[NetworkState], bool]
    ) -> NetworkState:
        while not condition(self.network):
            if self.over:
                raise ClosedError("over")
            await self._news.wait()
        return self.network

    async def extend_auth_session(self, jwt: str) -> datetime | None:
        self.sent.append((now() - START, jwt))
        if self.answers:
            raise self.answers.pop(0)
        self.expires_in(self.lifetime)
        return self.network.session_expires_at

    async def renew(self) -> str:
        self.renewals += 1
        return f"token-{self.renewals}"

    @property
    def times(self) -> list[timedelta]:
        return [time for time, _ in self.sent]


async def watch(
    login: Login,
    time: timedelta,
    renew: Callable[[], Awaitable[str]] | None = None,
    lead: timedelta = timedelta(minutes=10),
) -> None:
    """Watch a login for a time, and stop."""
    watching = asyncio.create_task(
        watch_deadline(login, renew or login.renew, lead=lead, clock=now)
    )
    await asyncio.sleep(time.total_seconds())
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


@on_virtual_time
async def test_a_login_is_extended_ten_minutes_before_it_ends() -> None:
    """Day after day, each time with a fresh token."""
    login = Login()
    login.expires_in(DAY)
    await watch(login, 3 * DAY)
    before = DAY - timedelta(minutes=10)
    assert login.times == [before, 2 * before, 3 * before]
    assert [token for _, token in login.sent] == ["token-1", "token-2", "token-3"]


@on_virtual_time
async def test_the_time_before_can_be_chosen() -> None:
    login = Login()
    login.expires_in(DAY)
    await watch(login, DAY, lead=timedelta(hours=2))
    assert login.times == [timedelta(hours=22)]


@on_virtual_time
async def test_a_login_that_does_not_end_is_left_alone() -> None:
    login = Login()
    await watch(login, 10 * DAY)
    assert login.renewals == 0


@on_virtual_time
async def test_a_deadline_that_comes_later_is_kept() -> None:
    login = Login()
    loop = asyncio.get_running_loop()
    loop.call_later(3600, login.expires_in, DAY)
    await watch(login, DAY + timedelta(hours=1))
    assert login.times == [DAY + timedelta(minutes=50)]


@on_virtual_time
async def test_a_deadline_that_moves_is_followed() -> None:
    login = Login()
    login.expires_in(DAY)
    loop = asyncio.get_running_loop()
    loop.call_later(3600, login.expires_in, timedelta(hours=2))
    loop.call_later(2 * 3600, login.expires_in, None)
    await watch(login, 10 * DAY)
    assert login.times == []
    login.expires_in(timedelta(hours=2))
    start = now() - START
    await watch(login, timedelta(hours=3))
    assert login.times == [start + timedelta(minutes=110)]


@on_virtual_time
async def test_a_deadline_that_is_near_is_met_at_once() -> None:
    login = Login()
    login.expires_in(timedelta(minutes=1))
    await watch(login, timedelta(seconds=1))
    assert login.times == [timedelta(0)]


@on_virtual_time
async def test_a_short_login_is_not_extended_all_the_time() -> None:
    """When half of it is over, even if it is shorter than the time before its end."""
    login = Login(lifetime=timedelta(minutes=8))
    login.expires_in(timedelta(minutes=8))
    await watch(login, timedelta(minutes=15))
    assert login.times == [timedelta(minutes=m) for m in (0, 4, 8, 12)]


@pytest.mark.parametrize(
    "error",
    [
        UNREACHABLE,
        refusal(RPCError, grpc.StatusCode.INTERNAL),
        refusal(TokenError, grpc.StatusCode.INVALID_ARGUMENT),
        refusal(TokenReusedError, grpc.StatusCode.UNAUTHENTICATED),
    ],
    ids=lambda error: type(error).__name__,
)
@on_virtual_time
async def test_an_attempt_that_fails_is_followed_by_others(error: NetBirdError) -> None:
    """Several within the ten minutes, and never with a token that was sent."""
    login = Login(answers=[error] * 5)
    login.expires_in(DAY)
    await watch(login, DAY)
    tokens = [token for _, token in login.sent]
    assert tokens == [f"token-{n}" for n in range(1, 7)]
    waits = [b - a for a, b in zip(login.times, login.times[1:], strict=False)]
    assert min(waits) >= timedelta(seconds=10)
    assert max(waits) <= timedelta(seconds=60)


@on_virtual_time
async def test_a_renewal_that_raises_is_followed_by_others() -> None:
    login = Login()
    login.expires_in(timedelta(minutes=5))
    calls = 0

    async def failing_twice() -> str:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise OSError("no browser")
        return await login.renew()

    await watch(login, timedelta(minutes=4), failing_twice)
    assert calls == 3
    assert len(login.sent) == 1


@on_virtual_time
async def test_the_same_token_is_never_sent_twice() -> None:
    login = Login(answers=[UNREACHABLE])
    login.expires_in(timedelta(minutes=5))

    async def always_the_same() -> str:
        login.renewals += 1
        return "token"

    await watch(login, timedelta(minutes=5), always_the_same)
    assert len(login.sent) == 1
    assert login.renewals > 3


@pytest.mark.parametrize(
    "error",
    [
        refusal(UserMismatchError, grpc.StatusCode.PERMISSION_DENIED),
        refusal(RPCError, grpc.StatusCode.FAILED_PRECONDITION),
        refusal(RPCError, grpc.StatusCode.NOT_FOUND),
    ],
)
@on_virtual_time
async def test_what_no_token_can_mend_is_raised(error: NetBirdError) -> None:
    login = Login(answers=[error])
    login.expires_in(DAY)
    with pytest.raises(type(error)) as caught:
        await watch_deadline(login, login.renew, clock=now)
    assert caught.value is error


@on_virtual_time
async def test_an_answer_without_a_deadline_ends_the_watch_until_there_is_one() -> None:
    login = Login(lifetime=None)
    login.expires_in(timedelta(minutes=5))
    await watch(login, 10 * DAY)
    assert login.renewals == 1


@on_virtual_time
async def test_a_login_that_another_extends_meanwhile_is_not_extended_again() -> None:
    login = Login(answers=[UNREACHABLE])
    login.expires_in(timedelta(minutes=5))
    asyncio.get_running_loop().call_later(1, login.expires_in, DAY)
    await watch(login, timedelta(minutes=30))
    assert login.renewals == 1


@pytest.mark.parametrize("deadline", [None, DAY])
@on_virtual_time
async def test_it_returns_when_the_session_is_over(deadline: timedelta | None) -> None:
    login = Login()
    login.expires_in(deadline)
    asyncio.get_running_loop().call_later(3600, login.end)
    await watch_deadline(login, login.renew, clock=now)
    assert now() - START == timedelta(hours=1)


@on_virtual_time
async def test_it_notices_when_the_clock_jumps() -> None:
    """As it does on a machine that slept."""
    login, jump = Login(), timedelta(0)
    login.expires_in(DAY)

    def clock() -> datetime:
        return now() + jump

    watching = asyncio.create_task(watch_deadline(login, login.renew, clock=clock))
    await asyncio.sleep(1)
    jump = DAY - timedelta(minutes=5)
    await asyncio.sleep(60)
    assert login.renewals == 1
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
