// The time line of a run: a row for each module, a mark for each event in the order in which they happened, and its cycles.

import { useMemo } from "preact/hooks";

import type { RunEvent } from "./events";
import { toneOf } from "./events";

const ROW = 12;
const WIDTH = 1000;

interface TimelineProps {
  events: readonly RunEvent[];
  current: number | null;
  names: ReadonlyMap<number, string>;
  onShow: (place: number) => void;
}

export function Timeline({ events, current, names, onShow }: TimelineProps) {
  const modules = useMemo(() => [...new Set(events.map((event) => event.moduleId))], [events]);
  const rows = useMemo(() => new Map(modules.map((id, row) => [id, row])), [modules]);
  const unit = WIDTH / Math.max(1, events.length);
  const height = modules.length * ROW;
  // One path for each tone, however long the run is.
  const paths = useMemo(() => {
    const parts: Record<string, string[]> = {};
    const width = Math.max(unit * 0.8, 1);
    events.forEach((event, place) => {
      const y = (rows.get(event.moduleId) ?? 0) * ROW + 2;
      (parts[toneOf(event)] ??= []).push(`M${(place * unit).toFixed(2)} ${y}h${width.toFixed(2)}v${ROW - 4}h-${width.toFixed(2)}z`);
    });
    return Object.entries(parts).map(([tone, each]) => [tone, each.join("")] as const);
  }, [events, rows, unit]);
  const cycles = useMemo(() => events.flatMap((event, place) => (place > 0 && event.cycle !== events[place - 1]?.cycle ? [{ place, cycle: event.cycle }] : [])), [events]);
  if (events.length < 2) return null;
  const keys: Record<string, number> = { ArrowLeft: (current ?? 1) - 1, ArrowRight: (current ?? -1) + 1, Home: 0, End: events.length - 1, PageUp: (current ?? 0) - 20, PageDown: (current ?? 0) + 20 };
  return (
    <div class="timeline card">
      <div class="timeline-names" aria-hidden="true" style={{ lineHeight: `${ROW}px` }}>
        {modules.map((id) => (
          <div key={id} class={id === events[current ?? -1]?.moduleId ? "current" : ""}>
            {names.get(id) ?? `module ${id}`}
          </div>
        ))}
      </div>
      <svg
        class="timeline-marks"
        viewBox={`0 0 ${WIDTH} ${height}`}
        preserveAspectRatio="none"
        height={height}
        role="slider"
        tabIndex={0}
        aria-label="Time line of the run"
        aria-valuemin={1}
        aria-valuemax={events.length}
        aria-valuenow={(current ?? 0) + 1}
        aria-valuetext={current === null ? "no event" : (events[current]?.sentence ?? "")}
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          onShow(Math.min(events.length - 1, Math.floor(((event.clientX - box.left) / box.width) * events.length)));
        }}
        onKeyDown={(event) => {
          const place = keys[event.key];
          if (place === undefined) return;
          onShow(Math.max(0, Math.min(events.length - 1, place)));
          event.preventDefault();
        }}
      >
        {cycles.map(({ place, cycle }) => (
          <line key={place} class="cycle" x1={place * unit} x2={place * unit} y1={0} y2={height}>
            <title>cycle {cycle}</title>
          </line>
        ))}
        {paths.map(([tone, d]) => (
          <path key={tone} class={`mark ${tone}`} d={d} />
        ))}
        {current !== null && <rect class="cursor" x={current * unit} y={0} width={Math.max(unit, 3)} height={height} />}
      </svg>
    </div>
  );
}
