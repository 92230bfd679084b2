"""Credentials that the modules of an app need, from the module catalogue.

Source of the shapes: the vendor's OpenAPI document; samples of the vendor's SDK.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..lazy_dataclasses import dataclass
from ..module_catalogue import CatalogueModule, module_catalogue
from .connections import OAUTH, all_connection_types
from .exceptions import InvalidParametersError, PackageNotFoundError
from .models import CredentialComponent

_KEYCHAIN = "keychain:"

#: Module with a choice of credentials -> the parts of the ids of its choices, each with its type (the vendor's document).
_CHOICES = {
    "http:MakeRequest": (
        ("authenticationType:apiKey", "apikeyauth", "API key"),
        ("authenticationType:basicAuth", "basicauth", "Basic auth"),
    )
}

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleCredential:
    """Credential that a module needs: one of some types of connections, or of keys."""

    id: str
    name: str
    label: str
    component: CredentialComponent
    types: tuple[str, ...]
    hook: bool

    @property
    def type(self) -> str:
        """The types as the API shows them, e.g. ``account:slack2,slack3``."""
        return f"{self.component}:{','.join(self.types)}"

    @property
    def scope(self) -> list[str] | None:
        """The scopes, which are not known; ``None`` if there are none to need."""
        known = all_connection_types()
        is_oauth = self.component == "account" and any(
            name not in known or known[name].account_type == OAUTH for name in self.types
        )
        return [] if is_oauth else None


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededCredential:
    """Credential for some modules of an app."""

    component: CredentialComponent
    name: str
    app_name: str
    app_version: str
    app_modules: tuple[str, ...]


def find_version(app: str, version: str | int | None) -> int:
    """The major version of an app; the newest one for ``latest`` and ``None``.

    Raises:
        PackageNotFoundError: if the app, or the version, is not known.
    """
    found = module_catalogue().find_app(app)
    versions = found.versions if found is not None else ()
    if version in (None, "latest"):
        if not versions:
            raise PackageNotFoundError("Package not found.")
        return max(versions)
    text = str(version)
    if not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) not in versions:
        raise PackageNotFoundError("Package not found.")
    return int(text)


def list_module_credentials(app: str, version: int) -> list[ModuleCredential]:
    """The credentials that the modules of a version of an app need, by the names of the modules."""
    catalogue = module_catalogue()
    return [
        credential
        for name in catalogue.module_names(app)
        if (module := catalogue.find_module(name, version)) is not None
        for credential in _credentials_of(module)
    ]


def _credentials_of(module: CatalogueModule) -> Iterable[ModuleCredential]:
    name = module.name.partition(":")[2]
    label = _label(name)
    is_hook = module.kind == "trigger-instant"
    if (choices := _CHOICES.get(module.name)) is not None:
        for part, type, choice in choices:
            yield ModuleCredential(
                id=f"{name}:{part}",
                name=name,
                label=f"{label} - {choice}",
                component="keychain",
                types=(type,),
                hook=is_hook,
            )
        return
    accounts = tuple(type for type in module.connection_types if not type.startswith(_KEYCHAIN))
    keys = tuple(
        type.removeprefix(_KEYCHAIN) for type in module.connection_types if type.startswith(_KEYCHAIN)
    )
    groups: list[tuple[CredentialComponent, tuple[str, ...]]] = [("account", accounts), ("keychain", keys)]
    needed = [(component, types) for component, types in groups if types]
    for component, types in needed:
        yield ModuleCredential(
            id=name if len(needed) == 1 else f"{name}:{component}",
            name=name,
            label=label,
            component=component,
            types=types,
            hook=is_hook,
        )


def _label(name: str) -> str:
    """A label for a module, of which the catalogue has the name only: ``Send an email`` for ``sendAnEmail``."""
    words = _WORD.findall(name.removeprefix("Action"))
    text = " ".join(word if word.isupper() else word.lower() for word in words) or name
    return text[:1].upper() + text[1:]


def needed_credentials(
    app: str, version: str | int | None, modules: Sequence[str], endpoints: Sequence[str]
) -> list[NeededCredential]:
    """The credentials for some modules of an app, or for all of them (``*``): one for each type.

    The endpoints of apps are not known: any of them stands for all credentials of the app.

    Raises:
        PackageNotFoundError: if the app, or the version, is not known.
        InvalidParametersError: if a module needs no credentials, or does not exist; or no module does.
    """
    number = find_version(app, version)
    available = list_module_credentials(app, number)
    every = bool(endpoints) or "*" in modules
    chosen = [each for each in available if every or each.id in modules or each.name in modules]
    known = {name for each in available for name in (each.id, each.name)} | {"*"}
    if unknown := [name for name in modules if name not in known]:
        raise InvalidParametersError(
            *(f"The app '{app}' has no module '{name}' with credentials." for name in unknown)
        )
    if not chosen:
        raise InvalidParametersError(f"No module of the app '{app}' needs credentials.")
    modules_by_type: dict[tuple[CredentialComponent, str], list[str]] = {}
    for each in chosen:
        modules_by_type.setdefault((each.component, each.types[0]), []).append(each.id)
    return [
        NeededCredential(
            component=component,
            name=name,
            app_name=app,
            app_version=str(number),
            app_modules=tuple(dict.fromkeys(ids)),
        )
        for (component, name), ids in modules_by_type.items()
    ]
