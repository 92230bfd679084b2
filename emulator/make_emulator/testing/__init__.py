"""Test tools: a server on a free port, isolated worlds on it, interception in this process, and the pytest plugin.

Here are also the types of what fixtures and worlds give, for type checkers and editors.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..client.control import ControlError
    from ..client.responses import (
        AuthorizationRequestRow,
        Change,
        CoverageReport,
        CredentialRequestRow,
        DeclaredModule,
        Evidence,
        ExecutionRow,
        Fault,
        Finding,
        HttpRule,
        ImportResult,
        Mail,
        McpSessionRow,
        McpToolCall,
        MendResult,
        ModuleScript,
        OAuthClientRow,
        ProvenanceReport,
        RequestRow,
        RunResult,
        RunStatus,
        SentRequest,
        Severity,
        StepRow,
        TokenAccess,
        TokenResponse,
        UndoneChange,
    )
    from ..http.faults import FaultAction, FaultName
    from ..module_catalogue import ModuleKind
    from ..reports.trace_view import Condition, Decision, Step
    from ..world.plans import Plan
    from ..world.settings import WorldSettings
    from ..world.zones import PrivateZone, Zone
    from .agents import WorldAgent
    from .checkpoints import WorldCheckpoint
    from .client import Client
    from .emulator import MakeEmulator
    from .executions import WorldExecution
    from .interception import mock_make
    from .mcp import McpError, ToolCall, WorldMcp
    from .oauth import OAuthClient, WorldOAuth
    from .routing import NetworkBlocked
    from .world import Received, World

__all__ = [
    "AuthorizationRequestRow",
    "Change",
    "Client",
    "Condition",
    "ControlError",
    "CoverageReport",
    "CredentialRequestRow",
    "Decision",
    "DeclaredModule",
    "Evidence",
    "ExecutionRow",
    "Fault",
    "FaultAction",
    "FaultName",
    "Finding",
    "HttpRule",
    "ImportResult",
    "Mail",
    "MakeEmulator",
    "McpError",
    "McpSessionRow",
    "McpToolCall",
    "MendResult",
    "ModuleKind",
    "ModuleScript",
    "NetworkBlocked",
    "OAuthClient",
    "OAuthClientRow",
    "Plan",
    "PrivateZone",
    "ProvenanceReport",
    "Received",
    "RequestRow",
    "RunResult",
    "RunStatus",
    "SentRequest",
    "Severity",
    "Step",
    "StepRow",
    "TokenAccess",
    "TokenResponse",
    "ToolCall",
    "UndoneChange",
    "World",
    "WorldAgent",
    "WorldCheckpoint",
    "WorldExecution",
    "WorldMcp",
    "WorldOAuth",
    "WorldSettings",
    "Zone",
    "mock_make",
]

#: Modules of what is not declared in `..client.responses`.
_MODULES = {
    "Client": ".client",
    "Condition": "..reports.trace_view",
    "ControlError": "..client.control",
    "Decision": "..reports.trace_view",
    "FaultAction": "..http.faults",
    "FaultName": "..http.faults",
    "MakeEmulator": ".emulator",
    "McpError": ".mcp",
    "ModuleKind": "..module_catalogue",
    "NetworkBlocked": ".routing",
    "OAuthClient": ".oauth",
    "Plan": "..world.plans",
    "PrivateZone": "..world.zones",
    "Received": ".world",
    "Step": "..reports.trace_view",
    "ToolCall": ".mcp",
    "World": ".world",
    "WorldAgent": ".agents",
    "WorldCheckpoint": ".checkpoints",
    "WorldExecution": ".executions",
    "WorldMcp": ".mcp",
    "WorldOAuth": ".oauth",
    "WorldSettings": "..world.settings",
    "Zone": "..world.zones",
    "mock_make": ".interception",
}


def __getattr__(name: str) -> Any:
    # The pytest plugin in this package is loaded by every test run, also by those that do not use it.
    if name in __all__:
        from ..world.collector import collector_paused

        # Much is made that stays: a collection would traverse it, and all that the test run has made before.
        with collector_paused():
            return getattr(import_module(_MODULES.get(name, "..client.responses"), __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
