"""The demo: it holds, it says so when something does not, and it plays elsewhere."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from netbird_sdk import ProxyMapping
from netbird_sdk.models.proxy import (
    Authentication,
    PathMapping,
    PathRewriteMode,
    PathTargetOptions,
)
from netbird_sdk.testing import ManagementServer, ServerTLS

EXAMPLES = Path(__file__).parent.parent / "examples"
sys.path.append(str(EXAMPLES))

from demo_parts.backend import Backend  # noqa: E402
from demo_parts.http1 import Listener, Request, answer, get  # noqa: E402
from demo_parts.narrator import Narrator  # noqa: E402
from demo_parts.proxy import ReverseProxy, Route  # noqa: E402
from demo_parts.scenery import LocalScenery  # noqa: E402
from demo_parts.story import perform  # noqa: E402
