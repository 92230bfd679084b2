"""SVG of a drawing: one file that any viewer shows, light or dark, without scripts and fonts of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from .drawing import RADIUS, Circle, Drawing, Line, Mark

#: Characters that XML cannot hold.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: Signs beside the colours, for those who do not see these.
_SIGNS = {"good": "✓", "warn": "!", "bad": "✕", "off": "–"}

STYLE = """
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; text-anchor: middle; fill: #1c232b; }
.ground { fill: #ffffff; } .title { font-weight: 600; } .soft { fill: #5b6671; font-size: 11px; }
.initials { fill: #ffffff; font-size: 18px; font-weight: 600; dominant-baseline: central; }
.edge { fill: none; stroke: #8b96a1; stroke-width: 2.5; } .edge.error { stroke: #c03535; stroke-dasharray: 3 5; }
.edge.tool, .edge.feeder { stroke-dasharray: 6 5; stroke-width: 1.5; } .edge.disabled { stroke: #c9d0d6; stroke-dasharray: 2 6; }
.label { font-size: 11px; paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; }
.funnel { fill: #5b6671; } .disabled .disc, .off .disc { opacity: .4; } .disabled text, .off text { fill: #5b6671; }
.ring { fill: none; stroke-width: 4; } .badge { stroke: #ffffff; stroke-width: 2; } .off .badge-text { fill: #ffffff; } .badge-text { font-size: 11px; font-weight: 700; fill: #ffffff; dominant-baseline: central; }
.good .ring, .edge.good { stroke: #1f8a4c; } .good .badge { fill: #1f7a45; } .warn .ring, .edge.warn { stroke: #b7791f; } .warn .badge { fill: #8f5b0e; }
.bad .ring, .edge.bad { stroke: #c03535; } .bad .badge { fill: #b32d2d; } .off .badge { fill: #6b7680; } .edge.off { opacity: .45; }
@media (prefers-color-scheme: dark) {
  text { fill: #e8edf2; } .ground { fill: #14181d; } .soft { fill: #9aa6b2; } .initials, .badge-text { fill: #ffffff; }
  .edge { stroke: #6d7883; } .edge.disabled { stroke: #3a424a; } .label { stroke: #14181d; } .funnel { fill: #9aa6b2; } .badge { stroke: #14181d; }
  .disabled text, .off text { fill: #9aa6b2; } .off .badge-text { fill: #ffffff; }
  .good .ring, .edge.good { stroke: #3fbf7a; } .warn .ring, .edge.warn { stroke: #e0a94a; } .bad .ring, .edge.bad, .edge.error { stroke: #f07070; }
}
"""


def render_svg(
    drawing: Drawing,
    *,
    nodes: Mapping[int, Mark] | None = None,
    edges: Mapping[tuple[int, int], Mark] | None = None,
    caption: str = "",
) -> str:
    """Returns the SVG of a drawing.

    Args:
        nodes: marks of modules, by their index in the drawing.
        edges: marks of edges, by the indexes of both modules.
        caption: a line of text below the scenario.
    """
    return "\n".join(_svg_lines(drawing, nodes or {}, edges or {}, caption)) + "\n"


def _svg_lines(
    drawing: Drawing, nodes: Mapping[int, Mark], edges: Mapping[tuple[int, int], Mark], caption: str
) -> Iterator[str]:
    height = drawing.height + (26 if caption else 0)
    size = f'width="{drawing.width:g}" height="{height:g}"'
    view = f"{drawing.left:g} {drawing.top:g} {drawing.width:g} {height:g}"
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="{view}" role="img">'
    yield f"<title>{_text(drawing.name or 'Scenario')}</title>"
    yield f"<style>{STYLE}</style>"
    yield f'<rect class="ground" x="{drawing.left:g}" y="{drawing.top:g}" {size}/>'
    for line in drawing.lines:
        yield from _line_parts(line, edges.get((line.edge.source, line.edge.target)))
    for circle in drawing.circles:
        yield from _circle_parts(circle, nodes.get(circle.node.index))
    if caption:
        x, y = drawing.left + drawing.width / 2, drawing.top + drawing.height + 10
        yield f'<text class="soft" x="{x:g}" y="{y:g}">{_text(caption)}</text>'
    yield "</svg>"


def _line_parts(line: Line, mark: Mark | None) -> Iterator[str]:
    edge = line.edge
    classes = [
        "edge",
        edge.kind,
        *(["disabled"] if edge.disabled else []),
        *([mark.tone] if mark and mark.tone else []),
    ]
    hint = ": ".join(text for text in (edge.label, mark.title if mark else "") if text)
    yield f'<path class="{" ".join(classes)}" d="{line.path}">{f"<title>{_text(hint)}</title>" if hint else ""}</path>'
    if edge.filtered:
        x, y = line.end_x - 14, line.label_y + 10
        yield f'<path class="funnel" d="M{x - 6:g} {y - 5:g}h12l-4 5v6l-4-2v-4z"/>'
    if line.label:
        yield f'<text class="label" x="{line.label_x:g}" y="{line.label_y:g}">{_text(line.label)}</text>'


def _circle_parts(circle: Circle, mark: Mark | None) -> Iterator[str]:
    node = circle.node
    classes = ["node", *(["disabled"] if node.disabled else []), *([mark.tone] if mark and mark.tone else [])]
    hint = ": ".join(text for text in (circle.tooltip, mark.title if mark else "") if text)
    yield f'<g class="{" ".join(classes)}"><title>{_text(hint)}</title>'
    yield f'<circle class="disc" cx="{node.x:g}" cy="{node.y:g}" r="{RADIUS:g}" fill={quoteattr(circle.colour)}/>'
    yield f'<text class="initials" x="{node.x:g}" y="{node.y:g}">{_text(circle.initials)}</text>'
    if mark is not None and mark.tone not in ("", "off"):
        yield f'<circle class="ring" cx="{node.x:g}" cy="{node.y:g}" r="{RADIUS + 4:g}"/>'
    if mark is not None and mark.tone:
        badge = mark.badge or _SIGNS[mark.tone]
        x, y, width = node.x + RADIUS * 0.72, node.y - RADIUS * 0.78, max(20, 8 + 7 * len(badge))
        yield f'<rect class="badge" x="{x - width / 2:g}" y="{y - 10:g}" width="{width:g}" height="20" rx="10"/>'
        yield f'<text class="badge-text" x="{x:g}" y="{y:g}">{_text(badge)}</text>'
    y = node.y + RADIUS + 18
    for line in circle.lines:
        yield f'<text class="title" x="{node.x:g}" y="{y:g}">{_text(line)}</text>'
        y += 15
    yield f'<text class="soft" x="{node.x:g}" y="{y:g}">{_text(circle.subtitle)}</text></g>'


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))
