"""Settings: what they refuse, and the waits that a backoff gives."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from random import Random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbird_sdk.config import TLS, Backoff, Keepalive
from netbird_sdk.errors import ConfigurationError


def intervals(backoff: Backoff, count: int) -> list[float]:
    return list(islice(attrs.evolve(backoff, jitter=0.0).delays(), count))


def test_without_jitter_the_delays_are_the_growing_intervals() -> None:
    expected = [0.8, 1.36, 2.312, 3.9304, 6.68168, 10.0, 10.0]
    assert intervals(Backoff(), 7) == pytest.approx(expected)


def test_full_jitter_spreads_delays_evenly_up_to_twice_the_interval() -> None:
    random = Random(1)
    runs = [list(islice(Backoff().delays(random), 7)) for _ in range(4000)]
    longest = [1.6, 2.72, 4.624, 7.8608, 10.0, 10.0, 10.0]
    for position, top in enumerate(longest):
        delays = sorted(run[position] for run in runs)
        assert 0 <= delays[0] < 0.01 * top
        assert 0.99 * top < delays[-1] <= top
        for share in (0.25, 0.5, 0.75):
            quantile = delays[int(share * len(delays))]
            assert quantile == pytest.approx(share * top, abs=0.05 * top)


def test_the_same_seed_gives_the_same_delays() -> None:
    one, other = (Backoff().delays(Random(7)) for _ in range(2))
    assert list(islice(one, 20)) == list(islice(other, 20))


@given(
    initial=st.floats(0.001, 1000),
    factor=st.floats(1, 1e6),
    stretch=st.floats(1, 1000),
    jitter=st.floats(0, 1),
    seed=st.integers(),
)
def test_a_delay_is_never_longer_than_the_maximum(
    initial: float, factor: float, stretch: float, jitter: float, seed: int
) -> None:
    backoff = Backoff(
        initial=initial, factor=factor, maximum=initial * stretch, jitter=jitter
    )
    delays = islice(backoff.delays(Random(seed)), 400)
    for interval, delay in zip(intervals(backoff, 400), delays, strict=True):
        shortest = interval * (1 - jitter)
        assert shortest * (1 - 1e-9) <= delay <= backoff.maximum
        assert delay <= interval * (1 + jitter)


def test_a_backoff_starts_over_with_each_iterator() -> None:
    backoff = Backoff(jitter=0.0)
    assert list(islice(backoff.delays(), 3)) == list(islice(backoff.delays(), 3))


@pytest.mark.parametrize("value", [0.0, 10, 14.999])
def test_a_keepalive_that_servers_punish_is_refused_with_the_reason(
    value: float,
) -> None:
    with pytest.raises(
        ConfigurationError, match=r"Keepalive\.interval must be at least 15.*too_many"
    ):
        Keepalive(interval=value)
    assert Keepalive(interval=15).interval == 15


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Backoff(initial=0), r"Backoff\.initial must be greater than 0"),
        (lambda: Backoff(initial=-1), r"Backoff\.initial must be between 0 and"),
        (lambda: Backoff(initial=math.nan), r"Backoff\.initial .* got nan"),
        (lambda: Backoff(factor=0.99), r"Backoff\.factor must be between 1 and"),
        (lambda: Backoff(maximum=math.inf), r"Backoff\.maximum .* got inf"),
        (lambda: Backoff(jitter=1.01), r"Backoff\.jitter must be between 0 and 1, got"),
        (lambda: Backoff(jitter=-0.1), r"Backoff\.jitter must be between 0"),
        (lambda: Backoff(maximum=0.5), r"Backoff\.maximum \(0\.5\) must not be less"),
        (lambda: Backoff(initial=True), r"Backoff\.initial must be a number, got True"),
        (
            lambda: Backoff(initial="1"),  # type: ignore[arg-type]
            r"Backoff\.initial must be a number, got '1'",
        ),
        (lambda: Keepalive(timeout=0), r"Keepalive\.timeout must be greater than 0"),
        (lambda: Keepalive(interval=1e9), r"Keepalive\.interval must be between"),
        (
            lambda: TLS(ca_file="a", ca_pem="b"),
            r"TLS: give ca_file or ca_pem, not",
        ),
        (lambda: TLS(certificate_file="a"), r"TLS: .* private_key_file is missing"),
        (lambda: TLS(private_key_file="a"), r"TLS: .* certificate_file is missing"),
        (lambda: TLS(server_name=" "), r"TLS\.server_name must not be empty"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_name(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_settings_are_values_and_show_no_pem() -> None:
    assert TLS(ca_file=Path("ca.pem")) == TLS(ca_file="ca.pem")
    assert len({TLS(), TLS(ca_file="a"), TLS(ca_file="a")}) == 2
    assert hash(Backoff()) == hash(Backoff())
    assert "BEGIN" not in repr(TLS(ca_pem="-----BEGIN CERTIFICATE-----"))
    with pytest.raises(AttributeError):
        Keepalive().interval = 1.0  # type: ignore[misc]
