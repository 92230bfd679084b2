"""Modules made ready for many bundles: what does not depend on a bundle is looked up once a run, not once a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..world.models import Json
from .blueprint import Module
from .conditions import Filter
from .errors import ExpressionError
from .iml.environment import Environment
from .iml.evaluate import fill_deep
from .iml.values import Mark, Value
from .modules import kind_of
from .modules.registry import Kind


class Station:
    """One module of a blueprint in one run."""

    __slots__ = ("_fields", "gates", "kind", "module", "route")

    def __init__(self, module: Module) -> None:
        self.module = module
        #: The filter that each bundle has to pass, if there is one.
        self.gates: Sequence[Filter] = (module.filter,) if module.filter is not None else ()
        #: How the module works; ``None`` until the first bundle comes.
        self.kind: Kind | None = None
        #: Of the first module of a router's route: the router, and the place of the route.
        self.route: tuple[Module, int] | None = None
        self._fields = [(name, raw, _is_mapped(raw)) for name, raw in module.mapper.items()]

    def open(self) -> Kind:
        """How the module works.

        Raises:
            ModuleError: if it is not supported.
        """
        self.kind = kind = kind_of(self.module)
        return kind

    def gates_for(self, branch: int | None) -> Sequence[Filter]:
        """The filters that a bundle has to pass: the module's, and a merge's for the branch that it came by."""
        filters = self.module.filters
        gate = filters[branch] if branch is not None and branch < len(filters) else None
        return self.gates if gate is None else (*self.gates, gate)

    def mapped(self, env: Environment) -> Mapping[str, Value]:
        """The mapper's fields computed for the bundle at hand."""
        mapper: dict[str, Value] = {}
        for name, raw, is_mapped in self._fields:
            if not is_mapped:
                mapper[name] = raw
                continue
            try:
                value = fill_deep(raw, env)
            except ExpressionError as error:
                raise error.mapping(name) from None
            if value is not Mark.IGNORE:
                mapper[name] = None if value is Mark.ERASE else value
        env.budget.weigh(mapper)
        return mapper


def _is_mapped(raw: Json) -> bool:
    """Whether a field has to be computed; what holds other values is, for it is copied on the way."""
    return "{{" in raw if isinstance(raw, str) else isinstance(raw, (Mapping, list))
