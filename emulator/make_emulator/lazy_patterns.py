"""Regular expressions of a library that are compiled on first use: those of ``marshmallow.validate`` would take a tenth of the start.

`compile_lazily` imports the module as usual, except that what its classes define by ``re.compile`` is compiled when it is read for the
first time. Readers get the pattern itself, in a subclass and an instance, too. A module that uses patterns otherwise, or is
imported already, is left as it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any


@contextmanager
def compile_lazily(module: str) -> Iterator[None]:
    """Compile the patterns of a module on first use, if it is imported in the context."""
    finder = _Finder(module)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    """Finds one module, and has it executed by `_Loader`."""

    def __init__(self, module: str) -> None:
        self._module = module

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        # A module may also be in an archive, or compiled to machine code.
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    """Executes the body of a module with a substitute for `re`."""

    def exec_module(self, module: ModuleType) -> None:
        code = self.get_code(module.__name__)
        assert code is not None
        substitute = _Re()
        # Bodies of classes look names up in the first, statements of the module store them in the second.
        exec(code, module.__dict__, _Names(module.__dict__, substitute))
        if "re" in module.__dict__:
            module.__dict__["re"] = re
        if not all(pattern.is_attribute for pattern in substitute.patterns):
            # One is stored where nothing can replace it.
            super().exec_module(module)


class _Names(MutableMapping[str, Any]):
    """The names that the body of a module stores: those of the module, apart from ``re``."""

    def __init__(self, names: dict[str, Any], substitute: _Re) -> None:
        self._names = names
        self._substitute = substitute

    def __getitem__(self, name: str) -> Any:
        return self._names[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._names[name] = self._substitute if value is re else value

    def __delitem__(self, name: str) -> None:
        del self._names[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class _Re:
    """The module `re`, whose ``compile`` defers."""

    def __init__(self) -> None:
        self.patterns: list[_LazyPattern] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(re, name)

    def compile(self, pattern: str, flags: int = 0) -> Any:
        lazy = _LazyPattern(pattern, flags)
        self.patterns.append(lazy)
        return lazy


class _LazyPattern:
    """An attribute of a class that replaces itself with its pattern."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._pattern = pattern
        self._flags = flags
        self.is_attribute = False

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._owner = owner
        self._name = name
        self.is_attribute = True

    def __get__(self, instance: object, owner: type[Any]) -> re.Pattern[str]:
        pattern = self._compile()
        setattr(self._owner, self._name, pattern)
        return pattern

    def __getattr__(self, name: str) -> Any:
        # The body of the module uses it.
        return getattr(self._compile(), name)

    def _compile(self) -> re.Pattern[str]:
        return re.compile(self._pattern, self._flags)
