"""Secret texts of rows, which redaction masks wherever they occur."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from ..redaction.rules import is_secret_name
from ..redaction.secret_values import SecretValues
from .models import (
    Connection,
    Credential,
    Execution,
    Invitation,
    Json,
    Key,
    OAuthClient,
    Variable,
    VariableChange,
)

#: Fields of credentials that say where a service is, and no secret.
_LOCATION_FIELDS = frozenset(
    ["url", "host", "port", "domain", "server", "instance", "shop", "region", "database", "name", "placement"]
)
#: Parameters of keys that are no secrets.
_KEY_SETTINGS = frozenset(["keyEncoding", "method", "name", "placement", "production"])
#: Modules that output variables as members of their bundles.
_VARIABLE_MODULES = ("util:SetVariable", "util:GetVariable")


class SecretText(NamedTuple):
    """Secret, and whether it is one however short it is."""

    text: str
    is_password: bool = False


def values_of(texts: Iterable[SecretText]) -> SecretValues:
    """Returns the secrets as one set."""
    plain: set[str] = set()
    passwords: set[str] = set()
    for text, is_password in texts:
        (passwords if is_password else plain).add(text)
    return SecretValues(plain, passwords)


def of_connection(row: Connection) -> Iterator[SecretText]:
    """Yields the texts of a connection's credentials, except those that its metadata shows."""
    public = {str(text) for text, _ in _leaves(row.metadata or {})}
    for name, value in (row.credentials or {}).items():
        if name not in _LOCATION_FIELDS:
            is_password = is_secret_name(name) or name == "key"
            yield from (SecretText(text, is_password) for text, _ in _leaves(value) if text not in public)


def of_credential(row: Credential) -> Iterator[SecretText]:
    """Yields the texts of the data that a credential request gives in advance."""
    for name, value in (*row.prefill_hard.items(), *row.prefill_soft.items()):
        if name not in _LOCATION_FIELDS | _KEY_SETTINGS:
            yield from _leaves(value)


def of_oauth_client(row: OAuthClient) -> Iterator[SecretText]:
    """Yields the secret of a client that has one."""
    if row.secret is not None:
        yield SecretText(row.secret, is_password=True)


def of_invitation(row: Invitation) -> Iterator[SecretText]:
    """Yields the hash of an invitation."""
    yield SecretText(row.hash, is_password=True)


def of_key(row: Key) -> Iterator[SecretText]:
    """Yields the texts of a key's parameters, except those that choose or name something."""
    for name, value in (row.parameters or {}).items():
        if name not in _KEY_SETTINGS:
            yield from _leaves(value)


def of_variable(row: Variable) -> Iterator[SecretText]:
    """Yields the value of a variable that has the name of a secret."""
    if is_secret_name(row.name):
        yield from _leaves(row.value)


def of_variable_change(row: VariableChange) -> Iterator[SecretText]:
    """Yields the values that a variable with the name of a secret had."""
    if is_secret_name(row.name):
        yield from _leaves((row.before or {}).get("value"))
        yield from _leaves(row.after.get("value"))


def of_execution(run: Execution) -> Iterator[SecretText]:
    """Yields the values of a run's variables that have the name of a secret."""
    for step in run.steps:
        if step.module.startswith(_VARIABLE_MODULES):
            for bundle in step.output:
                if isinstance(bundle, Mapping):
                    for name, value in bundle.items():
                        if is_secret_name(name):
                            yield from _leaves(value)


def _leaves(value: Json) -> Iterator[SecretText]:
    """Yields the texts and numbers within JSON."""
    if isinstance(value, str):
        yield SecretText(value, is_password=True)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    elif value is not None and not isinstance(value, bool):
        yield SecretText(str(value), is_password=True)
