"""What a world is made of: frozen rows, named in Make's own words.

Times are milliseconds since the epoch, sizes are bytes. Values of type ``Json`` are never changed in place.
"""

from __future__ import annotations

from .connections import Connection, Verdict
from .functions import CustomFunction, FunctionChange
from .hooks import Hook, HookLog, Incoming
from .outside import Attachment, HttpRequest, HttpRule, Mail
from .people import License, Organization, OrganizationMember, Team, TeamMember, Token, User
from .runs import (
    BundleNumber,
    Comparison,
    Consumption,
    Decision,
    Execution,
    ExecutionError,
    IncompleteExecution,
    Rerun,
    Retry,
    ScenarioEvent,
    Script,
    Step,
    WebhookAnswer,
)
from .scenarios import BlueprintVersion, Folder, PublicTemplate, Scenario, Template
from .stores import DataStore, DataStructure, Record
from .values import Fields, Headers, Json
from .variables import Variable, VariableChange

__all__ = [
    "Attachment",
    "BlueprintVersion",
    "BundleNumber",
    "Comparison",
    "Connection",
    "Consumption",
    "CustomFunction",
    "DataStore",
    "DataStructure",
    "Decision",
    "Execution",
    "ExecutionError",
    "Fields",
    "Folder",
    "FunctionChange",
    "Headers",
    "Hook",
    "HookLog",
    "HttpRequest",
    "HttpRule",
    "Incoming",
    "IncompleteExecution",
    "Json",
    "License",
    "Mail",
    "Organization",
    "OrganizationMember",
    "PublicTemplate",
    "Record",
    "Rerun",
    "Retry",
    "Scenario",
    "ScenarioEvent",
    "Script",
    "Step",
    "Team",
    "TeamMember",
    "Template",
    "Token",
    "User",
    "Variable",
    "VariableChange",
    "Verdict",
    "WebhookAnswer",
]
