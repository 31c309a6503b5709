"""What the generated converters cost, beside a reflective loop and protobuf alone.

    python benchmarks/codec.py

Prints microseconds for one message, and ratios measured pair by pair: the two ways
take turns, so that a machine that is busy for a while slows both, and the median pair
counts.
Goal: at most half the time of the loop over the descriptors.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, TypeAlias

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from netbird_sdk import models
from netbird_sdk._codec import codec_of, decode, encode
from netbird_sdk._model import Model, OpenEnum

PAIRS: Final = 7
SECONDS: Final = 0.25
GOAL: Final = 0.5

Way: TypeAlias = Callable[[bytes], object]
# Messages and descriptors: the type stubs make much of them optional.
Wire: TypeAlias = Any
Field: TypeAlias = Any


# --- Messages as servers send them ----------------------------------------------------


def mapping() -> models.ProxyMapping:
    """Make an HTTP service with two paths."""
    options = models.PathTargetOptions(
        request_timeout=timedelta(seconds=30),
        session_idle_timeout=timedelta(seconds=60),
        custom_headers={"X-Forwarded-By": "netbird", "X-Account": "42"},
    )
    return models.ProxyMapping(
        type=models.ProxyMappingUpdateType.MODIFIED,
        id="cs8g2f9d0vak73",
        account_id="cs8g2f9d0vak00",
        domain="app17.proxy.example.com",
        path=[
            models.PathMapping(path=path, target=target, options=options)
            for path, target in (
                ("/", "http://10.20.0.17:8080"),
                ("/api", "http://10.20.0.18:9000"),
            )
        ],
        auth_token="t" * 43,
        auth=models.Authentication(
            session_key="k" * 44,
            max_session_age_seconds=86_400,
            header_auths=[models.HeaderAuth(header="X-Key", hashed_value="h" * 96)],
        ),
        mode="http",
        access_restrictions=models.AccessRestrictions(
            allowed_cidrs=["10.0.0.0/8", "192.168.17.0/24"],
            allowed_countries=["DE", "FR"],
        ),
    )


def network(peers: int = 100) -> models.SyncResponse:
    """Make the network map of a peer that sees `peers` others."""
    return models.SyncResponse(
        network_map=models.NetworkMap(
            serial=17,
            remote_peers=[
                models.RemotePeerConfig(
                    wg_pub_key=f"{i:044}",
                    allowed_ips=[f"100.64.{i // 250}.{i % 250}/32"],
                    fqdn=f"peer-{i}.netbird.cloud",
                    agent_version="0.77.1",
                    ssh_config=models.SSHConfig(
                        ssh_pub_key=b"ssh-ed25519 " + b"A" * 68
                    ),
                )
                for i in range(peers)
            ],
            firewall_rules=[
                models.FirewallRule(
                    peer_ip=f"100.64.0.{i}",
                    protocol=models.RuleProtocol.TCP,
                    port="443",
                    port_info=models.PortInfo(port_selection=443),
                )
                for i in range(50)
            ],
        )
    )


# --- The reflective loop --------------------------------------------------------------


def reflect(message: Wire) -> Model:
    """Build a model as one does without a generator: getattr over the descriptors."""
    descriptor: Descriptor = message.DESCRIPTOR
    model, names = target(descriptor)
    arguments: dict[str, Any] = {}
    for field in descriptor.fields:
        if field.has_presence and not message.HasField(field.name):
            continue
        value = getattr(message, field.name)
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            if kind.fields_by_name["value"].message_type is not None:
                value = {key: reflect(value[key]) for key in value}
        elif isinstance(field.default_value, list):
            value = [element(field, one) for one in value]
        else:
            value = element(field, value)
        arguments[names[field.name]] = value
    built: Model = model(**arguments)
    return built


def element(field: Field, value: Any) -> Any:  # noqa: ANN401 - any of them
    """Turn one value of a field into what the model holds."""
    if field.message_type is None:
        return enum(field)(value) if field.enum_type is not None else value
    if field.message_type.name == "Timestamp":
        return value.ToDatetime()
    if field.message_type.name == "Duration":
        return value.ToTimedelta()
    return reflect(value)


TARGETS: Final[dict[str, tuple[Any, dict[str, str]]]] = {}
ENUMS: Final[dict[str, type[OpenEnum]]] = {}


def target(descriptor: Descriptor) -> tuple[Any, dict[str, str]]:
    """Look up the model of a message and the attributes of its fields."""
    known = TARGETS.get(descriptor.full_name)
    if known is None:
        (model,) = [
            model
            for model in (getattr(models, name) for name in models.__all__)
            if issubclass(model, Model)
            and codec_of(model).wire.DESCRIPTOR is descriptor
        ]
        slots = {name.replace("_", ""): name for name in model.__slots__}
        names = {
            field.name: slots[attribute(field).replace("_", "").lower()]
            for field in descriptor.fields
        }
        known = TARGETS[descriptor.full_name] = (model, names)
    return known


def attribute(field: Field) -> str:
    """Name what stands for a field in the model: itself, or its oneof."""
    oneof = field.containing_oneof
    name: str = (field if oneof is None or oneof.name.startswith("_") else oneof).name
    return name


def enum(field: Field) -> Callable[[int], OpenEnum]:
    """Look up the enum of a field."""
    known = ENUMS.get(field.enum_type.full_name)
    if known is None:
        known = getattr(models, field.enum_type.name)
        ENUMS[field.enum_type.full_name] = known
    return known


def touch(message: Message) -> None:
    """Read every field that is set, and build nothing."""
    for field, value in message.ListFields():
        kind = field.message_type
        if isinstance(field.default_value, list):
            is_map = kind is not None and kind.GetOptions().map_entry
            for one in value:
                if kind is not None and not is_map:
                    touch(one)
        elif kind is not None:
            touch(value)


# --- Measuring ------------------------------------------------------------------------


def microseconds(way: Way, data: bytes, count: int) -> float:
    """Time one round; the collector runs as it does in a program."""
    gc.collect()
    started = time.perf_counter()
    kept = [way(data) for _ in range(count)]
    taken = time.perf_counter() - started
    del kept
    return taken / count * 1e6


def compare(name: str, model: Model) -> bool:
    """Print a line for each way, and tell whether the goal is met."""
    data, wire = encode(model), codec_of(type(model)).wire
    kind = type(model)
    if reflect(wire.FromString(data)) != decode(kind, data):
        raise SystemExit(f"{name}: the reflective loop builds another model")

    def ours(data: bytes) -> object:
        return decode(kind, data)

    count = max(3, int(SECONDS / (microseconds(ours, data, 3) / 1e6)))
    print(f"{name}, {len(data)} bytes, {PAIRS} pairs of {count}")
    print(f"  {'decode':22}{microseconds(ours, data, count):10.1f} µs")
    met = True
    for other, way in (
        ("reflective loop", lambda data: reflect(wire.FromString(data))),
        ("parse, read set fields", lambda data: touch(wire.FromString(data))),
        ("parse alone", wire.FromString),
    ):
        pairs = [
            (microseconds(ours, data, count), microseconds(way, data, count))
            for _ in range(PAIRS)
        ]
        ratio = statistics.median(mine / its for mine, its in pairs)
        cost = statistics.median(its for _, its in pairs)
        print(f"  {other:22}{cost:10.1f} µs   decode takes {ratio:5.2f} of it")
        if other == "reflective loop":
            met = ratio <= GOAL
    return met


def main() -> int:
    """Measure both messages, and exit 0 if the goal is met."""
    results = [
        compare("ProxyMapping", mapping()),
        compare("SyncResponse, 100 peers", network()),
    ]
    print(f"goal (at most {GOAL} of the loop): {'met' if all(results) else 'MISSED'}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
