"""Writer of the fidelity ledger's ``test`` fields, from the ``fidelity`` marks of the contract suite, and of its index.

``python -m tools.update_fidelity`` updates fixtures/fidelity.yaml and writes fixtures/fidelity-index.json; ``--check`` writes
nothing and exits 1 if the data file is stale.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from make_emulator import api, fidelity
from make_emulator.contract.declarations import endpoints
from make_emulator.contract.ledger import set_fields
from make_emulator.resources import data_folder, fixture_path

from .provenance import build_index


def find_linked_tests(folder: Path) -> dict[str, str]:
    """Returns behaviour id -> node id of the first contract test that checks it.

    A test checks the ids of its ``fidelity`` marks, and those of the rows (``behaviour(…, checks=id)``) of its table.
    """
    linked: dict[str, str] = {}
    for path in sorted(folder.glob("test_*.py")):
        module = ast.parse(path.read_text("utf-8"))
        tables = dict(_assigned_values(module))
        for node in module.body:
            if isinstance(node, ast.FunctionDef):
                for id in _checked_ids(node, tables):
                    linked.setdefault(id, f"contract_tests/{path.name}::{node.name}")
    return linked


def _assigned_values(module: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in module.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def _checked_ids(function: ast.FunctionDef, tables: Mapping[str, ast.expr]) -> Iterator[str]:
    """Yields the ids in the decorators of a test, and in the tables of the module that these name."""
    for decorator in function.decorator_list:
        for node in ast.walk(decorator):
            yield from _ids_of_call(node)
            if isinstance(node, ast.Name) and node.id in tables:
                for inner in ast.walk(tables[node.id]):
                    yield from _ids_of_call(inner)


def _ids_of_call(node: ast.AST) -> Iterator[str]:
    if not isinstance(node, ast.Call):
        return
    match ast.unparse(node.func):
        case "pytest.mark.fidelity":
            given = node.args
        case "behaviour":
            given = [keyword.value for keyword in node.keywords if keyword.arg == "checks"]
            given = [
                part for each in given for part in (each.elts if isinstance(each, ast.Tuple) else [each])
            ]
        case _:
            return
    yield from (str(each.value) for each in given if isinstance(each, ast.Constant))


def link_tests(text: str, behaviours: Sequence[fidelity.Behaviour], folder: Path) -> str:
    """Returns the data file's text with the contract test of each behaviour, by the marks of the tests in a folder."""
    linked = find_linked_tests(folder)
    changes = {
        each.id: {"test": linked.get(each.id)} for each in behaviours if each.test != linked.get(each.id)
    }
    return set_fields(text, changes)


def main(arguments: Sequence[str]) -> None:
    """Updates the ledger, or checks it."""
    if arguments not in ([], ["--check"]):
        sys.exit("usage: python -m tools.update_fidelity [--check]")
    path = fixture_path("fidelity.yaml")
    text = path.read_text("utf-8")
    behaviours = fidelity.load_behaviours(path, routes=endpoints().keys())
    linked = link_tests(text, behaviours, data_folder("contract_tests"))
    index_path = fixture_path("fidelity-index.json")
    index = build_index(behaviours, api.endpoints())
    if arguments and linked != text:
        sys.exit("fixtures/fidelity.yaml is stale: run make docs")
    if arguments and (not index_path.is_file() or index_path.read_text("utf-8") != index):
        sys.exit("fixtures/fidelity-index.json is stale: run make docs")
    if not arguments:
        if linked != text:
            path.write_text(linked, "utf-8")
        index_path.write_text(index, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
