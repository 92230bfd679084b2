"""Files of a coverage: JSON, LCOV and Cobertura for CI, and the coloured drawing of the scenario as SVG or HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from xml.etree import ElementTree

import orjson

from ..drawing.drawing import Drawing, Mark, draw_blueprint
from ..drawing.svg import render_svg
from ..json_types import JsonObject
from ..plain_text import pluralize
from .coverage import KINDS, BlueprintCoverage, BlueprintPart, format_fraction, format_share, percentage

Blueprints = Sequence[BlueprintCoverage]


class ReportFormatError(ValueError):
    """File whose suffix is that of no report, or that cannot show what was covered."""


def render_report(path: Path, blueprints: Blueprints) -> bytes:
    """Returns a report in the format of the suffix of a file.

    Raises:
        ReportFormatError: if there is none, or an SVG should show more than one blueprint.
    """
    render = _FORMATS.get(path.suffix.lower())
    if render is None:
        raise ReportFormatError(f"'{path.name}' ends like no report; there are: {', '.join(_FORMATS)}")
    return render(blueprints)


# --- for programs --------------------------------------------------------------------------------


def json_document(blueprints: Blueprints) -> JsonObject:
    """Returns the coverage as a JSON object."""
    return {
        "percent": round(percentage(blueprints), 2),
        "blueprints": [
            {
                "file": str(each.path),
                "name": each.name,
                "percent": round(percentage([each]), 2),
                "totals": {
                    column: {"covered": each.covered(parts), "of": len(parts)}
                    for kind, column in KINDS.items()
                    if (parts := each.parts_of(kind))
                },
                "parts": [
                    {
                        "kind": part.kind,
                        "moduleId": part.module_id,
                        "line": part.line,
                        "text": part.text,
                        "hits": each.hits[part.key],
                    }
                    for part in each.parts
                ],
            }
            for each in blueprints
        ],
    }


def _json(blueprints: Blueprints) -> bytes:
    return orjson.dumps(json_document(blueprints), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _lcov(blueprints: Blueprints) -> bytes:
    return "".join(f"{line}\n" for each in blueprints for line in _lcov_lines(each)).encode()


def _lcov_lines(coverage: BlueprintCoverage) -> Iterator[str]:
    """Yields a record of LCOV: a line for each module, a branch for every other part."""
    yield "TN:"
    yield f"SF:{coverage.path}"
    branches = [part for part in coverage.parts if part.kind != "module"]
    groups: dict[tuple[str, int], list[BlueprintPart]] = {}
    for part in branches:
        groups.setdefault((part.kind, part.module_id), []).append(part)
    for number, group in enumerate(groups.values()):
        for place, part in enumerate(group):
            taken = coverage.hits[part.key]
            was_reached = taken or coverage.hits[f"{part.module_id}:module"]
            yield f"BRDA:{part.line},{number},{place},{taken if was_reached else '-'}"
    yield f"BRF:{len(branches)}"
    yield f"BRH:{coverage.covered(branches)}"
    modules = coverage.parts_of("module")
    for part in modules:
        yield f"DA:{part.line},{coverage.hits[part.key]}"
    yield f"LF:{len(modules)}"
    yield f"LH:{coverage.covered(modules)}"
    yield "end_of_record"


def _cobertura(blueprints: Blueprints) -> bytes:
    modules = [(each, part) for each in blueprints for part in each.parts_of("module")]
    others = [(each, part) for each in blueprints for part in each.parts if part.kind != "module"]
    root = ElementTree.Element(
        "coverage",
        {
            "line-rate": _rate(modules),
            "branch-rate": _rate(others),
            "lines-covered": str(_covered(modules)),
            "lines-valid": str(len(modules)),
            "branches-covered": str(_covered(others)),
            "branches-valid": str(len(others)),
            "complexity": "0",
            "version": "1",
            "timestamp": "0",
        },
    )
    sources = ElementTree.SubElement(root, "sources")
    ElementTree.SubElement(sources, "source").text = "."
    package = ElementTree.SubElement(
        ElementTree.SubElement(root, "packages"),
        "package",
        {"name": "scenarios", "line-rate": _rate(modules), "branch-rate": _rate(others), "complexity": "0"},
    )
    classes = ElementTree.SubElement(package, "classes")
    for each in blueprints:
        _add_class(classes, each)
    ElementTree.indent(root)
    data: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return data


def _add_class(classes: ElementTree.Element, coverage: BlueprintCoverage) -> None:
    own = [(coverage, part) for part in coverage.parts]
    element = ElementTree.SubElement(
        classes,
        "class",
        {
            "name": coverage.path.stem,
            "filename": coverage.path.as_posix(),
            "line-rate": _rate([pair for pair in own if pair[1].kind == "module"]),
            "branch-rate": _rate([pair for pair in own if pair[1].kind != "module"]),
            "complexity": "0",
        },
    )
    ElementTree.SubElement(element, "methods")
    lines = ElementTree.SubElement(element, "lines")
    by_line: dict[int, list[BlueprintPart]] = {}
    for part in coverage.parts:
        by_line.setdefault(part.line, []).append(part)
    for number, parts in sorted(by_line.items()):
        branches = [part for part in parts if part.kind != "module"]
        hits = max(coverage.hits[part.key] for part in parts)
        attributes = {"number": str(number), "hits": str(hits), "branch": "true" if branches else "false"}
        if branches:
            covered = coverage.covered(branches)
            share = f"{100 * covered // len(branches)}% ({covered}/{len(branches)})"
            attributes["condition-coverage"] = share
        ElementTree.SubElement(lines, "line", attributes)


def _covered(pairs: Sequence[tuple[BlueprintCoverage, BlueprintPart]]) -> int:
    return sum(each.is_covered(part) for each, part in pairs)


def _rate(pairs: Sequence[tuple[BlueprintCoverage, BlueprintPart]]) -> str:
    return f"{_covered(pairs) / len(pairs):.4f}" if pairs else "1.0000"


# --- for people ----------------------------------------------------------------------------------


def coverage_svg(coverage: BlueprintCoverage) -> str:
    """Returns the drawing of a scenario, in which modules and edges are coloured by their coverage."""
    drawing = draw_blueprint(coverage.blueprint)
    nodes = {
        circle.node.index: _node_mark(coverage, circle.node.id)
        for circle in drawing.circles
        if circle.node.id is not None and not circle.node.disabled
    }
    caption = f"{format_share([coverage])} of {pluralize(len(coverage.parts), 'part')} covered"
    return render_svg(drawing, nodes=nodes, edges=_edge_marks(coverage, drawing, nodes), caption=caption)


def _node_mark(coverage: BlueprintCoverage, id: int) -> Mark:
    """Returns the mark of a module: covered, covered in part, or not covered."""
    own = [part for part in coverage.parts if part.module_id == id]
    missing = [part.missed for part in own if not coverage.is_covered(part)]
    runs = coverage.hits[f"{id}:module"]
    if not runs:
        return Mark("bad", title="; ".join(missing))
    # The sides of its filter are marks of the edge to it.
    is_partial = any(part.kind != "filter" and not coverage.is_covered(part) for part in own)
    title = "; ".join(missing) or pluralize(runs, "operation")
    return Mark("warn" if is_partial else "good", str(runs), title)


def _edge_marks(
    coverage: BlueprintCoverage, drawing: Drawing, nodes: Mapping[int, Mark]
) -> dict[tuple[int, int], Mark]:
    ids = {circle.node.index: circle.node.id for circle in drawing.circles}
    marks: dict[tuple[int, int], Mark] = {}
    for line in drawing.lines:
        edge, id = line.edge, ids[line.edge.target]
        if edge.kind == "feeder" or edge.disabled:
            continue
        filters = [part for part in coverage.parts if part.kind == "filter" and part.module_id == id]
        missing = [part.missed for part in filters if not coverage.is_covered(part)]
        target = nodes.get(edge.target)
        if target is None:
            continue
        if target.tone == "bad":
            marks[edge.source, edge.target] = Mark("bad", title="; ".join(missing) or target.title)
        else:
            marks[edge.source, edge.target] = Mark("warn" if missing else "good", title="; ".join(missing))
    return marks


def _svg(blueprints: Blueprints) -> bytes:
    if len(blueprints) != 1:
        count = pluralize(len(blueprints), "blueprint")
        raise ReportFormatError(
            f"an SVG shows one blueprint, and {count} were tested; a file .html shows all"
        )
    return coverage_svg(blueprints[0]).encode()


_STYLE = """
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; margin: 2rem; color: #1c232b; background: #fff; }
table { border-collapse: collapse; } th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #d7dce1; }
th:first-child, td:first-child { text-align: left; } th { white-space: nowrap; } figure { margin: 1rem 0; overflow-x: auto; } li { margin: .15rem 0; }
a { color: #5b2bb5; } .scroll { overflow-x: auto; } @media (max-width: 560px) { body { margin: 1rem; } th, td { padding-left: .4rem; } }
.good { color: #1f7a45; } .warn { color: #8f5b0e; } .bad { color: #b32d2d; }
@media (prefers-color-scheme: dark) { body { color: #e8edf2; background: #14181d; } a { color: #b794f6; } th, td { border-color: #3a424a; } .good { color: #3fbf7a; } .warn { color: #e0a94a; } .bad { color: #f07070; } }
"""


def _html(blueprints: Blueprints) -> bytes:
    return "".join(f"{line}\n" for line in _html_lines(blueprints)).encode()


def _html_lines(blueprints: Blueprints) -> Iterator[str]:
    kinds = [kind for kind in KINDS if any(each.parts_of(kind) for each in blueprints)]
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Coverage of scenarios</title>\n<style>{_STYLE}</style>\n</head>\n<body>"
    yield f"<h1>Coverage of scenarios: {format_share(blueprints)}</h1>"
    yield '<div class="scroll">\n<table>\n<thead><tr><th>blueprint</th>'
    yield "".join(f"<th>{KINDS[kind]}</th>" for kind in kinds) + "<th>all</th></tr></thead>\n<tbody>"
    for place, each in enumerate(blueprints):
        cells = "".join(f"<td>{_cell(each, kind)}</td>" for kind in kinds)
        share = percentage([each])
        tone = "good" if share == 100 else "warn" if share >= 50 else "bad"
        yield (
            f'<tr><td><a href="#b{place}">{escape(str(each.path))}</a></td>{cells}'
            f'<td class="{tone}">{format_share([each])}</td></tr>'
        )
    yield "</tbody>\n</table>\n</div>"
    for place, each in enumerate(blueprints):
        yield f'<section id="b{place}">\n<h2>{escape(each.name)}</h2>\n<p>{escape(str(each.path))}</p>'
        yield f"<figure>{coverage_svg(each)}</figure>"
        if each.missing:
            yield "<h3>Not covered</h3>\n<ul>"
            yield from (f"<li>line {part.line}: {escape(part.missed)}</li>" for part in each.missing)
            yield "</ul>"
        yield "</section>"
    yield "</body>\n</html>"


def _cell(coverage: BlueprintCoverage, kind: str) -> str:
    parts = coverage.parts_of(kind)
    return format_fraction(coverage.covered(parts), len(parts))


_FORMATS: Mapping[str, Callable[[Blueprints], bytes]] = {
    ".json": _json,
    ".info": _lcov,
    ".xml": _cobertura,
    ".svg": _svg,
    ".html": _html,
}
