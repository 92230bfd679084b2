// A scenario as a graph: panned by dragging, zoomed by the wheel, buttons and keys, with modules that the keyboard reaches.

import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

import type { DrawnEdge, DrawnNode, Drawing, EdgeMark, NodeMark } from "./api";

interface View {
  x: number;
  y: number;
  scale: number;
}

const SIGNS: Record<string, string> = { good: "✓", warn: "!", bad: "✕", off: "–" };
const MIN_SCALE = 0.1;
const MAX_SCALE = 2.5;
/** A scenario is opened at least at this scale. */
const LEGIBLE_SCALE = 0.55;
/** Below this scale no text is legible, and none is drawn. */
const FAR_SCALE = 0.3;

export interface GraphProps {
  drawing: Drawing;
  nodeMarks?: readonly NodeMark[] | undefined;
  edgeMarks?: readonly EdgeMark[] | undefined;
  /** Index of the node that is selected. */
  selected: number | null;
  onSelect: (index: number | null) => void;
  /** Opens the bundles of a module of a run, whose badge has the number of its operations. */
  onBadge?: ((index: number) => void) | undefined;
  /** Indexes of the modules that have bundles in the run. */
  withBundles?: ReadonlySet<number> | undefined;
  /** Number of findings at a module, by its index. */
  findings?: ReadonlyMap<number, string> | undefined;
}

export function Graph({ drawing, nodeMarks, edgeMarks, selected, onSelect, onBadge, withBundles, findings }: GraphProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  // The view is no state: a pan or zoom changes the style of one element, once a frame, and renders nothing again. The element is no
  // part of the SVG, whose texts a browser would lay out again at each scale.
  const layer = useRef<HTMLDivElement>(null);
  const moved = useRef<View | null>(null);
  const scheduled = useRef(0);
  const fingers = useRef(new Map<number, { x: number; y: number }>());
  const drag = useRef<{ x: number; y: number; moved: boolean } | null>(null);

  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const fitted = useMemo(() => fit(drawing, size), [drawing, size]);
  const current = useCallback(() => moved.current ?? fitted, [fitted]);

  const show = useCallback(() => {
    const { x, y, scale } = current();
    if (layer.current === null) return;
    layer.current.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    layer.current.classList.toggle("far", scale < FAR_SCALE);
  }, [current]);

  const setView = useCallback(
    (view: View | null) => {
      moved.current = view;
      cancelAnimationFrame(scheduled.current);
      scheduled.current = requestAnimationFrame(show);
    },
    [show],
  );

  // Another scenario is shown whole, whatever was looked at before.
  useLayoutEffect(() => void (moved.current = null), [drawing.nodes.length, drawing.width, drawing.height]);
  useLayoutEffect(() => {
    show();
    return () => cancelAnimationFrame(scheduled.current);
  }, [show]);

  const zoom = useCallback(
    (factor: number, x = size.width / 2, y = size.height / 2) => {
      const from = current();
      const scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, from.scale * factor));
      const by = scale / from.scale;
      setView({ scale, x: x - (x - from.x) * by, y: y - (y - from.y) * by });
    },
    [current, setView, size],
  );

  const pan = useCallback(
    (x: number, y: number) => {
      const from = current();
      setView({ ...from, x: from.x + x, y: from.y + y });
    },
    [current, setView],
  );

  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    const onWheel = (event: WheelEvent) => {
      // A wheel alone scrolls the page, as everywhere; with Ctrl it zooms, as does a pinch of a touch pad.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = element.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY / 200), event.clientX - box.left, event.clientY - box.top);
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [zoom]);

  const showWhole = () => setView(fit(drawing, size, MIN_SCALE));

  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, () => void> = {
      "+": () => zoom(1.25),
      "=": () => zoom(1.25),
      "-": () => zoom(0.8),
      "0": showWhole,
      Escape: () => onSelect(null),
    };
    const arrows: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const arrow = arrows[event.key];
    if (arrow !== undefined) {
      const target = event.target instanceof Element ? event.target.closest("[data-node]") : null;
      const from = target === null ? null : Number(target.getAttribute("data-node"));
      if (from === null) {
        pan(-60 * arrow[0], -60 * arrow[1]);
      } else {
        const next = neighbour(drawing.nodes, from, arrow);
        if (next !== null) {
          frame.current?.querySelector<SVGGElement>(`[data-node="${next}"]`)?.focus();
          reveal(next);
        }
      }
      event.preventDefault();
      return;
    }
    const step = steps[event.key];
    if (step !== undefined && !event.ctrlKey && !event.metaKey) {
      step();
      event.preventDefault();
    }
  };

  /** Pans so far that a node is in view. */
  const reveal = (index: number) => {
    const node = drawing.nodes[index];
    if (node === undefined) return;
    const shown = current();
    const x = shown.x + node.x * shown.scale;
    const y = shown.y + node.y * shown.scale;
    const margin = 90;
    const moveX = x < margin ? margin - x : x > size.width - margin ? size.width - margin - x : 0;
    const moveY = y < margin ? margin - y : y > size.height - margin ? size.height - margin - y : 0;
    if (moveX || moveY) pan(moveX, moveY);
  };

  useEffect(() => {
    if (selected !== null && size.width) reveal(selected);
  }, [selected]);

  /** Zooms by the distance of two fingers around their middle, which pans. */
  const pinch = (event: PointerEvent) => {
    const box = frame.current?.getBoundingClientRect();
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
    const old = fingers.current.get(event.pointerId);
    if (box === undefined || other === undefined || old === undefined) return;
    const next = { x: event.clientX, y: event.clientY };
    fingers.current.set(event.pointerId, next);
    const before = Math.hypot(old.x - other.x, old.y - other.y);
    const after = Math.hypot(next.x - other.x, next.y - other.y);
    pan((next.x - old.x) / 2, (next.y - old.y) / 2);
    if (before > 0 && after > 0) zoom(after / before, (next.x + other.x) / 2 - box.left, (next.y + other.y) / 2 - box.top);
  };

  const onPointerDown = (event: PointerEvent) => {
    if (event.button !== 0) return;
    fingers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.current.size === 2) {
      // A second finger pinches; neither of both selects what it touches.
      for (const id of fingers.current.keys()) frame.current?.setPointerCapture(id);
      drag.current = { x: event.clientX, y: event.clientY, moved: true };
      return;
    }
    drag.current = { x: event.clientX, y: event.clientY, moved: false };
  };
  const onPointerMove = (event: PointerEvent) => {
    if (fingers.current.size === 2 && fingers.current.has(event.pointerId)) {
      pinch(event);
      return;
    }
    const from = drag.current;
    if (from === null) return;
    const [x, y] = [event.clientX - from.x, event.clientY - from.y];
    if (!from.moved && Math.hypot(x, y) < 4) return;
    if (!from.moved) frame.current?.setPointerCapture(event.pointerId);
    drag.current = { x: event.clientX, y: event.clientY, moved: true };
    pan(x, y);
  };
  const onPointerUp = (event: PointerEvent) => {
    const wasPinch = fingers.current.size > 1;
    fingers.current.delete(event.pointerId);
    const [left] = fingers.current.values();
    if (wasPinch && left !== undefined) {
      // The finger that stays goes on panning.
      drag.current = { ...left, moved: true };
      return;
    }
    // The click that ends a drag selects nothing.
    const moved = drag.current?.moved ?? false;
    window.setTimeout(() => (drag.current = null));
    if (!moved) drag.current = null;
  };

  const marks = useMemo(() => new Map((nodeMarks ?? []).map((mark) => [mark.index, mark])), [nodeMarks]);
  const lines = useMemo(() => new Map((edgeMarks ?? []).map((mark) => [`${mark.source}-${mark.target}`, mark])), [edgeMarks]);

  return (
    <div class="graph" ref={frame} onKeyDown={onKeyDown} onPointerDown={onPointerDown} onPointerMove={onPointerMove} onPointerUp={onPointerUp} onPointerCancel={onPointerUp} onClick={() => !drag.current?.moved && onSelect(null)}>
      <div class="view" ref={layer}>
        <svg
          width={drawing.width}
          height={drawing.height}
          viewBox={`${drawing.left} ${drawing.top} ${drawing.width} ${drawing.height}`}
          style={{ left: `${drawing.left}px`, top: `${drawing.top}px` }}
          role="group"
          aria-label={`Scenario ${drawing.name}, ${drawing.nodes.length} modules`}
        >
          {drawing.edges.map((edge) => (
            <Edge key={`${edge.source}-${edge.target}-${edge.kind}`} edge={edge} mark={lines.get(`${edge.source}-${edge.target}`)} />
          ))}
          {drawing.nodes.map((node) => (
            <Node
              key={node.index}
              node={node}
              radius={drawing.radius}
              mark={marks.get(node.index)}
              hasBadge={!withBundles?.has(node.index)}
              finding={findings?.get(node.index)}
              selected={node.index === selected}
              onSelect={() => !drag.current?.moved && onSelect(node.index)}
            />
          ))}
          {onBadge &&
            drawing.nodes.filter((node) => withBundles?.has(node.index)).map((node) => <Badge key={node.index} node={node} radius={drawing.radius} mark={marks.get(node.index)} onOpen={() => !drag.current?.moved && onBadge(node.index)} />)}
        </svg>
        {/* Texts stand beside the SVG: those in it are laid out again at each scale. */}
        <div class="labels" aria-hidden="true">
          {drawing.edges.map(
            (edge) =>
              edge.label && (
                <div key={`${edge.source}-${edge.target}-${edge.kind}`} class="label edge-label" style={{ left: `${edge.labelX}px`, top: `${edge.labelY}px` }}>
                  <span>{edge.label}</span>
                </div>
              ),
          )}
          {drawing.nodes.map((node) => (
            <Label key={node.index} node={node} radius={drawing.radius} isDim={node.disabled || marks.get(node.index)?.tone === "off"} onSelect={() => !drag.current?.moved && onSelect(node.index)} />
          ))}
        </div>
      </div>
      <div class="graph-tools" onClick={(event) => event.stopPropagation()}>
        <button type="button" aria-label="Zoom in" title="Zoom in (+)" onClick={() => zoom(1.25)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" title="Zoom out (−)" onClick={() => zoom(0.8)}>
          −
        </button>
        <button type="button" aria-label="Show the whole scenario" title="Show the whole scenario (0)" onClick={showWhole}>
          ⤢
        </button>
      </div>
    </div>
  );
}

/** The view that shows the whole scenario, or, at a least scale, its left. */
function fit(drawing: Drawing, size: { width: number; height: number }, least = LEGIBLE_SCALE): View {
  if (!size.width || !size.height || !drawing.nodes.length) return { x: 0, y: 0, scale: 1 };
  const whole = Math.min(size.width / drawing.width, size.height / drawing.height, 1);
  // A wide scenario stays legible, and begins at the left.
  const scale = Math.max(whole, Math.min(least, size.height / drawing.height));
  const wide = drawing.width * scale > size.width;
  return {
    scale,
    x: (wide ? 0 : (size.width - drawing.width * scale) / 2) - drawing.left * scale,
    y: (size.height - drawing.height * scale) / 2 - drawing.top * scale,
  };
}

/** The nearest node in the direction of an arrow key. */
function neighbour(nodes: readonly DrawnNode[], from: number, [dx, dy]: [number, number]): number | null {
  const node = nodes[from];
  if (node === undefined) return null;
  let best: number | null = null;
  let least = Infinity;
  for (const other of nodes) {
    const along = (other.x - node.x) * dx + (other.y - node.y) * dy;
    const across = Math.abs((other.x - node.x) * dy) + Math.abs((other.y - node.y) * dx);
    if (other.index === from || along <= 10) continue;
    const distance = along + 2 * across;
    if (distance < least) [best, least] = [other.index, distance];
  }
  return best;
}

function Edge({ edge, mark }: { edge: DrawnEdge; mark: EdgeMark | undefined }) {
  const hint = [edge.filter, mark?.title].filter(Boolean).join(": ");
  return (
    <g>
      <path class={`edge ${edge.kind} ${edge.disabled ? "disabled" : ""} ${mark?.tone ?? ""}`} d={edge.d}>
        {hint && <title>{hint}</title>}
      </path>
      {edge.filtered && <path class="funnel" d={`M${edge.endX - 20} ${edge.labelY + 5}h12l-4 5v6l-4-2v-4z`} />}
    </g>
  );
}

/** The number of operations of a module of a run, which opens its bundles; beside the module, since a button holds no other. */
function Badge({ node, radius, mark, onOpen }: { node: DrawnNode; radius: number; mark: NodeMark | undefined; onOpen: () => void }) {
  if (!mark) return null;
  const text = mark.badge || (SIGNS[mark.tone] ?? "");
  const width = Math.max(24, 12 + 7 * text.length);
  const label = `Bundles of ${node.title}, ${mark.title}`;
  return (
    <g
      class={`badge-button ${mark.tone}`}
      data-badge={node.id ?? ""}
      transform={`translate(${node.x + radius * 0.72} ${node.y - radius * 0.78})`}
      role="button"
      tabindex={0}
      aria-label={label}
      onClick={(event) => {
        event.stopPropagation();
        onOpen();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        onOpen();
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <title>{label}</title>
      <rect class="badge" x={-width / 2} y={-12} width={width} height={24} rx={12} />
      <text class="badge-text" dy=".35em" aria-hidden="true">
        {text}
      </text>
    </g>
  );
}

/** The initials in the bubble of a module, and its names below. */
function Label({ node, radius, isDim, onSelect }: { node: DrawnNode; radius: number; isDim: boolean; onSelect: () => void }) {
  const select = (event: MouseEvent) => {
    event.stopPropagation();
    onSelect();
  };
  return (
    <div class={`label ${isDim ? "dim" : ""}`} style={{ left: `${node.x}px`, top: `${node.y}px` }}>
      <div class="initials">{node.initials}</div>
      <div class="titles" style={{ top: `${radius + 6}px` }} onClick={select}>
        {node.lines.map((line, place) => (
          <div key={place} class="title">
            {line}
          </div>
        ))}
        <div class="subtitle">{node.subtitle}</div>
      </div>
    </div>
  );
}

interface NodeProps {
  node: DrawnNode;
  radius: number;
  mark: NodeMark | undefined;
  hasBadge: boolean;
  finding: string | undefined;
  selected: boolean;
  onSelect: () => void;
}

function Node({ node, radius, mark, hasBadge, finding, selected, onSelect }: NodeProps) {
  const tone = mark?.tone ?? "";
  const badge = mark === undefined || !tone || !hasBadge ? "" : mark.badge || (SIGNS[tone] ?? "");
  const width = Math.max(20, 8 + 7 * badge.length);
  const label = [node.tooltip, node.disabled ? "disabled" : "", mark?.title, finding].filter(Boolean).join(", ");
  return (
    <g
      class={`node ${tone} ${node.disabled ? "disabled" : ""} ${selected ? "selected" : ""}`}
      data-node={node.index}
      data-module={node.id ?? ""}
      transform={`translate(${node.x} ${node.y})`}
      role="button"
      tabindex={0}
      aria-label={label}
      aria-pressed={selected}
      onClick={(event) => {
        event.stopPropagation();
        onSelect();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" || event.key === " ") {
          onSelect();
          event.preventDefault();
          event.stopPropagation();
        }
      }}
    >
      <title>{label}</title>
      <g aria-hidden="true">
      <circle class="focus" r={radius + 9} />
      <circle class="disc" r={radius} fill={node.colour} />
      {tone && tone !== "off" && <circle class="ring" r={radius + 4} />}
      {badge && (
        <g transform={`translate(${radius * 0.72} ${-radius * 0.78})`}>
          <rect class="badge" x={-width / 2} y={-10} width={width} height={20} rx={10} />
          <text class="badge-text" dy=".35em">
            {badge}
          </text>
        </g>
      )}
      {finding && (
        <g transform={`translate(${-radius * 0.72} ${-radius * 0.78})`}>
          <path class="finding" d="M0-11 11 8-11 8z" />
          <text class="badge-text" dy=".45em">
            !
          </text>
        </g>
      )}
      </g>
    </g>
  );
}
