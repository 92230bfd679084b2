"""Patches of the HTTP clients of this process, with a module for each client."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from . import http_client, sockets, urllib3

#: One patch: the class or module, the name, the replacement.
Patch = tuple[Any, str, Any]

#: Clients, and an event loop, that need not be installed, and take too long to import for those who do not use them.
_OPTIONAL_CLIENTS = ("aiohttp", "httpx", "uvloop")


def install() -> ExitStack:
    """Patches every client, those that are imported later included; closing the stack restores them."""
    installation = _Installation()
    installation.apply(urllib3.patches())
    installation.apply(http_client.patches())
    installation.apply(sockets.patches())
    imported = [name for name in _OPTIONAL_CLIENTS if sys.modules.get(name) is not None]
    for name in imported:
        installation.patch_client(name)
    finder = _ImportFinder([name for name in _OPTIONAL_CLIENTS if name not in imported], installation)
    sys.meta_path.insert(0, finder)
    stack = ExitStack()
    stack.callback(installation.restore)
    stack.callback(sys.meta_path.remove, finder)
    return stack


class _Installation:
    """Patches that are applied, until they are restored; a client may be imported in any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stack: ExitStack | None = ExitStack()

    def apply(self, patches: Iterable[Patch]) -> None:
        with self._lock:
            if self._stack is None:
                return
            for owner, name, replacement in patches:
                if name in vars(owner):
                    self._stack.callback(setattr, owner, name, vars(owner)[name])
                else:
                    # Inherited.
                    self._stack.callback(delattr, owner, name)
                setattr(owner, name, replacement)

    def patch_client(self, name: str) -> None:
        """Patches an optional client, which is imported."""
        self.apply(importlib.import_module(f".{name}", __name__).patches())

    def restore(self) -> None:
        with self._lock:
            stack, self._stack = self._stack, None
        if stack is not None:
            stack.close()


class _ImportFinder(MetaPathFinder):
    """Finder of optional clients, which are patched as soon as they are imported."""

    def __init__(self, names: Iterable[str], installation: _Installation) -> None:
        self._names = frozenset(names)
        self._installation = installation

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._names:
            return None
        finders = (finder for finder in sys.meta_path if finder is not self)
        specs = (finder.find_spec(fullname, path, target) for finder in finders)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _PatchingLoader(spec.loader, lambda: self._installation.patch_client(fullname))
        return spec


class _PatchingLoader(Loader):
    """Loader that calls a function once the module is imported; the module knows the real loader only."""

    def __init__(self, loader: Loader, then: Callable[[], None]) -> None:
        self._loader = loader
        self._then = then

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._then()
