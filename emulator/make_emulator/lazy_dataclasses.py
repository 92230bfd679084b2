"""Dataclasses whose methods are compiled on first use, a third of the start-up time of those of the standard library.

`dataclass` takes the arguments of `dataclasses.dataclass` that are listed here, with the same meaning, and type checkers see that
one. The fields are declared by the standard library, so that `fields`, `replace` and `asdict` work. A class and its
base classes are either all lazy, or none of them is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import MISSING, FrozenInstanceError
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

_Method = Callable[..., Any]


def _lazy_dataclass(
    cls: type[Any] | None = None,
    /,
    *,
    repr: bool = True,
    eq: bool = True,
    frozen: bool = False,
    kw_only: bool = False,
    slots: bool = False,
) -> Any:
    """Decorator that makes a class a dataclass."""

    def decorate(cls: type[Any]) -> type[Any]:
        made: type[Any] = dataclasses.dataclass(
            init=False, repr=False, eq=False, kw_only=kw_only, slots=slots
        )(cls)
        _compile_on_first_call(made, "__init__", _compile_frozen_init if frozen else _compile_init)
        if repr:
            _set_default(made, "__repr__", _repr)
        if eq:
            _compile_on_first_call(made, "__eq__", _compile_eq)
            if made.__dict__.get("__hash__") is None:
                # A body with __eq__ alone has None there, too.
                made.__hash__ = None  # type: ignore[assignment]
                if frozen:
                    del made.__hash__
                    _compile_on_first_call(made, "__hash__", _compile_hash)
        if frozen:
            _set_default(made, "__setattr__", _refuse_assignment)
            _set_default(made, "__delattr__", _refuse_deletion)
            if slots:
                _set_default(made, "__getstate__", _get_state)
                _set_default(made, "__setstate__", _set_state)
        return made

    return decorate if cls is None else decorate(cls)


def _set_default(cls: type[Any], name: str, method: _Method) -> None:
    """Gives a class a method, unless its body has one of that name."""
    if name not in cls.__dict__:
        setattr(cls, name, method)


def _compile_on_first_call(cls: type[Any], name: str, compile_method: Callable[[type[Any]], _Method]) -> None:
    """Gives a class a method that is replaced when it is called for the first time, unless its body has one of that name."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        compiled = compile_method(cls)
        compiled.__qualname__ = f"{cls.__qualname__}.{name}"
        setattr(cls, name, compiled)
        return compiled(self, *args, **kwargs)

    method.__name__ = name
    _set_default(cls, name, method)


# Names of compiled functions begin with two underscores, so that no field has one of them.


def _compile(name: str, signature: str, body: list[str], names: Mapping[str, Any]) -> _Method:
    namespace = dict(names)
    exec(f"def {name}({signature}):\n " + "\n ".join(body), namespace)
    compiled: _Method = namespace[name]
    return compiled


def _compile_frozen_init(cls: type[Any]) -> _Method:
    return _compile_init(cls, "__set(__self, {0!r}, {1})")


def _compile_init(cls: type[Any], assignment: str = "__self.{0} = {1}") -> _Method:
    names: dict[str, Any] = {"__set": object.__setattr__, "__missing": MISSING}
    positional = ["__self"]
    keyword: list[str] = []
    body: list[str] = []
    for field in dataclasses.fields(cls):
        parameter = value = name = field.name
        if field.default is not MISSING:
            names[f"__default_{name}"] = field.default
            parameter = f"{name}=__default_{name}"
            if not field.init:
                if "__slots__" not in cls.__dict__:
                    # The class has the value.
                    continue
                value = f"__default_{name}"
        elif field.default_factory is not MISSING:
            names[f"__make_{name}"] = field.default_factory
            parameter = f"{name}=__missing"
            value = (
                f"__make_{name}() if {name} is __missing else {name}" if field.init else f"__make_{name}()"
            )
        elif not field.init:
            continue
        if field.init:
            (keyword if field.kw_only else positional).append(parameter)
        body.append(assignment.format(name, value))
    if hasattr(cls, "__post_init__"):
        body.append("__self.__post_init__()")
    signature = ", ".join([*positional, "*", *keyword] if keyword else positional)
    return _compile("__init__", signature, body or ["pass"], names)


def _values(name: str, fields: list[str]) -> str:
    """Returns the text of the tuple of the values of fields."""
    return "(" + "".join(f"{name}.{field}, " for field in fields) + ")"


def _compile_eq(cls: type[Any]) -> _Method:
    compared = [field.name for field in dataclasses.fields(cls) if field.compare]
    body = [
        "if __other.__class__ is __self.__class__:",
        f" return {_values('__self', compared)} == {_values('__other', compared)}",
        "return NotImplemented",
    ]
    return _compile("__eq__", "__self, __other", body, {})


def _compile_hash(cls: type[Any]) -> _Method:
    hashed = [
        field.name
        for field in dataclasses.fields(cls)
        if (field.compare if field.hash is None else field.hash)
    ]
    return _compile("__hash__", "__self", [f"return __hash({_values('__self', hashed)})"], {"__hash": hash})


# Methods that are the same for all classes: nothing calls them often.


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (field.name for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


def _refuse_assignment(self: Any, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _get_state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    dataclass = _lazy_dataclass
