"""Modules made ready for many bundles: what does not depend on a bundle is looked up once a run, not once a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...world.models import Json
from ..apps.app import ModuleDefinition
from ..apps.catalog import get_definition
from ..blueprints.conditions import Filter
from ..blueprints.model import Module
from ..errors import ExpressionError
from ..expressions.context import Environment
from ..expressions.evaluator import render_deep
from ..expressions.values import FieldMarker, Value


class PreparedModule:
    """One module of a blueprint in one run."""

    __slots__ = ("_fields", "filters", "kind", "module", "route")

    def __init__(self, module: Module) -> None:
        self.module = module
        #: The filter that each bundle has to pass, if there is one.
        self.filters: Sequence[Filter] = (module.filter,) if module.filter is not None else ()
        #: How the module works; ``None`` until the first bundle comes.
        self.kind: ModuleDefinition | None = None
        #: Of the first module of a router's route: the router, and the place of the route.
        self.route: tuple[Module, int] | None = None
        self._fields = [(name, raw, _needs_evaluation(raw)) for name, raw in module.mapper.items()]

    def load_kind(self) -> ModuleDefinition:
        """How the module works.

        Raises:
            ModuleError: if it is not supported.
        """
        self.kind = kind = get_definition(self.module)
        return kind

    def filters_for(self, branch: int | None) -> Sequence[Filter]:
        """The filters that a bundle has to pass: the module's, and a merge's for the branch that it came by."""
        filters = self.module.filters
        gate = filters[branch] if branch is not None and branch < len(filters) else None
        return self.filters if gate is None else (*self.filters, gate)

    def evaluate_mapper(self, env: Environment) -> Mapping[str, Value]:
        """The mapper's fields computed for the bundle at hand."""
        mapper: dict[str, Value] = {}
        for name, raw, is_mapped in self._fields:
            if not is_mapped:
                mapper[name] = raw
                continue
            try:
                value = render_deep(raw, env)
            except ExpressionError as error:
                raise error.for_field(name) from None
            if value is not FieldMarker.IGNORE:
                mapper[name] = None if value is FieldMarker.ERASE else value
        env.budget.charge_weight(mapper)
        return mapper


def _needs_evaluation(raw: Json) -> bool:
    """Whether a field has to be computed; what holds other values is, for it is copied on the way."""
    return "{{" in raw if isinstance(raw, str) else isinstance(raw, (Mapping, list))
