"""Emit the table of RPCs: real paths, and which models go in and come out."""

from __future__ import annotations

from generator.schema import Method, Module, snake
from generator.text import HEADER, docstring

IMPORTS = """
from __future__ import annotations

from typing import Final

from netbird_sdk._methods.method import Method
from netbird_sdk.models import {module} as models
"""


def emit_methods(module: Module) -> str:
    """Return the source of netbird_sdk/_methods/<module>.py."""
    source = HEADER.format(doc=f"The RPCs of the {module.name} protocol.")
    source += IMPORTS.format(module=module.name) + "\n"
    source += "".join(_method(method) for method in module.methods)
    names = ", ".join(_constant(method) for method in module.methods)
    return source + f"\nMETHODS: Final = ({names})\n"


def _constant(method: Method) -> str:
    return snake(method.name).upper()


def _method(method: Method) -> str:
    request, response = f"models.{method.request}", f"models.{method.response}"
    source = (
        f"{_constant(method)}: Final[Method[{request}, {response}]] = Method(\n"
        f'    path="{method.path}", request={request}, response={response},\n'
    )
    for flag in (
        "client_streaming",
        "server_streaming",
        "sealed_request",
        "sealed_response",
    ):
        if getattr(method, flag):
            source += f"    {flag}=True,\n"
    return source + ")\n" + docstring(method.doc, "")
