"""Rows of a world's tables: frozen dataclasses, named in Make's terms.

Times are milliseconds since the epoch, sizes are bytes. Values of type ``Json`` are never mutated.
"""

from __future__ import annotations

from .agents import Agent, Grant
from .connections import Connection, ConnectionTestResult
from .credential_requests import Credential, CredentialComponent, CredentialRequest
from .custom_modules import CustomModule
from .custom_properties import CustomProperties, CustomPropertyItem, CustomPropertyStructure
from .data_stores import DataStore, DataStructure, Record
from .devices import Device, DeviceMessage
from .executions import (
    BundlePosition,
    ConditionResult,
    Consumption,
    Execution,
    ExecutionError,
    ExecutionResponse,
    FlowDecision,
    IncompleteExecution,
    InstantRetry,
    ModuleAccess,
    ModuleScript,
    RetryAttempt,
    RunCallback,
    ScenarioEvent,
    Step,
)
from .external_services import Attachment, HttpRule, Mail, SentRequest
from .functions import CustomFunction, FunctionChange
from .hooks import Hook, HookLog, Incoming
from .json_types import FieldSpec, FieldSpecs, Headers, Json
from .keys import Key
from .notes import BuildVariable, Note
from .notifications import EmailPreference, Notification
from .oauth import OAuthAccess, OAuthClient, OAuthCode, OAuthGrant, OAuthToken
from .organizations import (
    Invitation,
    License,
    LlmConfiguration,
    Organization,
    OrganizationMember,
    Team,
    TeamMember,
    Token,
    User,
)
from .roles import Role
from .scenarios import SCENARIO_TYPES, BlueprintVersion, Folder, PublicTemplate, Scenario, Template
from .shared_scenarios import SharedScenario
from .toolboxes import Toolbox, ToolboxAccess, ToolboxKey, ToolboxTool
from .variables import Variable, VariableChange

__all__ = [
    "SCENARIO_TYPES",
    "Agent",
    "Attachment",
    "BlueprintVersion",
    "BuildVariable",
    "BundlePosition",
    "ConditionResult",
    "Connection",
    "ConnectionTestResult",
    "Consumption",
    "Credential",
    "CredentialComponent",
    "CredentialRequest",
    "CustomFunction",
    "CustomModule",
    "CustomProperties",
    "CustomPropertyItem",
    "CustomPropertyStructure",
    "DataStore",
    "DataStructure",
    "Device",
    "DeviceMessage",
    "EmailPreference",
    "Execution",
    "ExecutionError",
    "ExecutionResponse",
    "FieldSpec",
    "FieldSpecs",
    "FlowDecision",
    "Folder",
    "FunctionChange",
    "Grant",
    "Headers",
    "Hook",
    "HookLog",
    "HttpRule",
    "Incoming",
    "IncompleteExecution",
    "InstantRetry",
    "Invitation",
    "Json",
    "Key",
    "License",
    "LlmConfiguration",
    "Mail",
    "ModuleAccess",
    "ModuleScript",
    "Note",
    "Notification",
    "OAuthAccess",
    "OAuthClient",
    "OAuthCode",
    "OAuthGrant",
    "OAuthToken",
    "Organization",
    "OrganizationMember",
    "PublicTemplate",
    "Record",
    "RetryAttempt",
    "Role",
    "RunCallback",
    "Scenario",
    "ScenarioEvent",
    "SentRequest",
    "SharedScenario",
    "Step",
    "Team",
    "TeamMember",
    "Template",
    "Token",
    "Toolbox",
    "ToolboxAccess",
    "ToolboxKey",
    "ToolboxTool",
    "User",
    "Variable",
    "VariableChange",
]
