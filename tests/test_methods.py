"""The table of RPCs, against the services of the protos."""

from __future__ import annotations

from typing import Any

import pytest

from netbird_sdk import models
from netbird_sdk._codec import codec_of
from netbird_sdk._methods import management, proxy
from netbird_sdk._wire import management_pb2, proxy_service_pb2

MANAGEMENT = management_pb2.DESCRIPTOR.services_by_name["ManagementService"]
PROXY = proxy_service_pb2.DESCRIPTOR.services_by_name["ProxyService"]
SERVICES = [(management.METHODS, MANAGEMENT), (proxy.METHODS, PROXY)]
RPCS = [
    pytest.param(method, service.methods_by_name[method.name], id=method.name)
    for table, service in SERVICES
    for method in table
]
SEALED = "EncryptedMessage"
# Replies that are not sealed though their requests are.
PLAIN_REPLIES = {"SyncMeta", "Logout"}


def test_every_rpc_of_both_services_is_in_the_table() -> None:
    assert len(management.METHODS) == 13
    assert len(proxy.METHODS) == 11
    for table, service in SERVICES:
        assert [m.name for m in table] == [m.name for m in service.methods]


@pytest.mark.parametrize(("method", "described"), RPCS)
def test_a_path_is_the_one_that_servers_listen_on(method: Any, described: Any) -> None:
    """The package on the wire is upstream's, whatever ours is called."""
    service = described.containing_service.name
    assert method.path == f"/management.{service}/{described.name}"


@pytest.mark.parametrize(("method", "described"), RPCS)
def test_streams_are_streams(method: Any, described: Any) -> None:
    assert method.client_streaming is described.client_streaming
    assert method.server_streaming is described.server_streaming


@pytest.mark.parametrize(("method", "described"), RPCS)
def test_what_is_sealed_is_what_travels_as_an_encrypted_message(
    method: Any, described: Any
) -> None:
    assert method.sealed_request is (described.input_type.name == SEALED)
    assert method.sealed_response is (described.output_type.name == SEALED)


@pytest.mark.parametrize(("method", "described"), RPCS)
def test_models_in_the_clear_are_those_of_the_protos(
    method: Any, described: Any
) -> None:
    for model, wire, sealed in (
        (method.request, described.input_type, method.sealed_request),
        (method.response, described.output_type, method.sealed_response),
    ):
        assert model is not models.EncryptedMessage
        if not sealed:
            assert codec_of(model).wire.DESCRIPTOR is wire


def test_the_streams_are_these_four() -> None:
    streams = {
        m.name: (m.client_streaming, m.server_streaming)
        for table, _ in SERVICES
        for m in table
        if m.client_streaming or m.server_streaming
    }
    assert streams == {
        "Sync": (False, True),
        "Job": (True, True),
        "GetMappingUpdate": (False, True),
        "SyncMappings": (True, True),
    }


def test_only_the_management_service_seals_and_only_what_it_has_to() -> None:
    assert not any(m.sealed_request or m.sealed_response for m in proxy.METHODS)
    open_ones = {m.name for m in management.METHODS if not m.sealed_request}
    assert open_ones == {"GetServerKey", "isHealthy"}
    half = {
        m.name for m in management.METHODS if m.sealed_request and not m.sealed_response
    }
    assert half == PLAIN_REPLIES


@pytest.mark.parametrize(
    ("method", "request_model", "response_model"),
    [
        (management.LOGIN, models.LoginRequest, models.LoginResponse),
        (management.SYNC, models.SyncRequest, models.SyncResponse),
        (management.SYNC_META, models.SyncMetaRequest, models.Empty),
        (management.LOGOUT, models.Empty, models.Empty),
        (management.JOB, models.JobResponse, models.JobRequest),
        (
            management.GET_DEVICE_AUTHORIZATION_FLOW,
            models.DeviceAuthorizationFlowRequest,
            models.DeviceAuthorizationFlow,
        ),
        (
            management.GET_PKCE_AUTHORIZATION_FLOW,
            models.PKCEAuthorizationFlowRequest,
            models.PKCEAuthorizationFlow,
        ),
        (
            management.EXTEND_AUTH_SESSION,
            models.ExtendAuthSessionRequest,
            models.ExtendAuthSessionResponse,
        ),
        (
            management.CREATE_EXPOSE,
            models.ExposeServiceRequest,
            models.ExposeServiceResponse,
        ),
        (
            management.RENEW_EXPOSE,
            models.RenewExposeRequest,
            models.RenewExposeResponse,
        ),
        (management.STOP_EXPOSE, models.StopExposeRequest, models.StopExposeResponse),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_is_inside_the_sealed_bodies(
    method: Any, request_model: type, response_model: type
) -> None:
    """The protos do not say; this is what servers put in and take out."""
    assert (method.request, method.response) == (request_model, response_model)
