// Comparison of two runs: the first event in which they differ, as a difference of JSON, and what each module did in both.

import { useMemo } from "preact/hooks";

import type { Json, Trace, World } from "./api";
import { worldPath } from "./api";
import type { RunEvent } from "./events";
import { eventsOf } from "./events";
import { href, useControl } from "./hooks";
import { differences } from "./json_difference";
import { Problem } from "./parts";

interface ComparisonProps {
  world: World;
  scenarioId: number;
  other: string;
  events: readonly RunEvent[];
  names: ReadonlyMap<number, string>;
  onShow: (place: number) => void;
}

export function Comparison({ world, scenarioId, other, events, names, onShow }: ComparisonProps) {
  const traced = useControl<Trace>(`${worldPath(world.name)}/executions/${encodeURIComponent(other)}/steps`);
  const found = useMemo(() => {
    if (traced.data === null) return null;
    const others = eventsOf(traced.data);
    const [ours, theirs] = [summarize(events), summarize(others)];
    return {
      first: firstDifference(events, others),
      rows: [...new Set([...ours.keys(), ...theirs.keys()])].map((id) => ({ id, ours: ours.get(id), theirs: theirs.get(id) })),
    };
  }, [traced.data, events]);
  if (traced.error) return <Problem error={traced.error} />;
  if (found === null) return <div class="loading" />;
  return (
    <section class="card comparison" aria-label="Comparison of two runs">
      <div class="row">
        <h2>Compared with</h2>
        <a href={href("w", world.name, "scenarios", scenarioId, "runs", other)}>{other.slice(0, 8)}…</a>
      </div>
      {found.first === null ? <p class="good">Both runs did the same with the same data.</p> : <FirstDifference difference={found.first} ours={events} onShow={onShow} />}
      <div class="scroll">
        <h3>Modules</h3>
        <table>
          <thead>
            <tr>
              <th class="number">module</th>
              <th>name</th>
              <th>this run</th>
              <th>the other run</th>
              <th>outputs</th>
            </tr>
          </thead>
          <tbody>
            {found.rows.map(({ id, ours, theirs }) => (
              <tr key={id}>
                <td class="number">{id}</td>
                <td>{names.get(id) ?? ""}</td>
                <td class={ours?.error ? "bad" : ""}>{ours?.text ?? "not reached"}</td>
                <td class={theirs?.error ? "bad" : ""}>{theirs?.text ?? "not reached"}</td>
                <td class={ours?.output === theirs?.output ? "soft" : "warn"}>{ours?.output === theirs?.output ? "same" : "different"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface EventDifference {
  /** Place of the event in both runs; one of them may have ended before it. */
  place: number;
  ours: RunEvent | undefined;
  theirs: RunEvent | undefined;
}

/** What counts in a comparison: neither ids of runs, nor the words of a sentence. */
function essence(event: RunEvent | undefined): Json | undefined {
  if (event === undefined) return undefined;
  if (event.kind === "step") {
    return { in: event.input, out: event.output, ...(event.error ? { error: { name: event.error.name, message: event.error.message } } : {}) };
  }
  return {
    ...(event.conditions?.length ? { conditions: event.conditions.map((group) => group.map(({ left, o, right, holds }) => ({ left, o, right, holds }))) } : {}),
    ...(event.passed === undefined ? {} : { passed: event.passed }),
    ...(event.number === undefined ? {} : { taken: event.number === null ? null : event.number + 1 }),
  };
}

const isSamePlace = (a: RunEvent | undefined, b: RunEvent | undefined): boolean => a?.kind === b?.kind && a?.moduleId === b?.moduleId && (a?.kind !== "decision" || b?.kind !== "decision" || a.event === b.event);

function firstDifference(ours: readonly RunEvent[], theirs: readonly RunEvent[]): EventDifference | null {
  for (let place = 0; place < Math.max(ours.length, theirs.length); place++) {
    const [a, b] = [ours[place], theirs[place]];
    if (!isSamePlace(a, b) || JSON.stringify(essence(a)) !== JSON.stringify(essence(b))) return { place, ours: a, theirs: b };
  }
  return null;
}

const PARTS: Record<string, string> = { in: "the bundle in", out: "the bundle out", conditions: "the filter", passed: "the filter", taken: "the route", error: "the error" };

function FirstDifference({ difference: { place, ours, theirs }, ours: events, onShow }: { difference: EventDifference; ours: readonly RunEvent[]; onShow: (place: number) => void }) {
  const found = isSamePlace(ours, theirs) ? differences(essence(ours), essence(theirs)) : null;
  const part = found?.[0] ? (PARTS[found[0].path.split(/[.[]/)[0] ?? ""] ?? "") : "";
  return (
    <div class="first-difference">
      <h3>First difference{part && `: ${part} of module ${ours?.moduleId}`}</h3>
      {found === null ? (
        <table class="difference">
          <tbody>
            <tr>
              <th>this run</th>
              <td>{ours?.sentence ?? "had ended"}</td>
            </tr>
            <tr>
              <th>the other run</th>
              <td>{theirs?.sentence ?? "had ended"}</td>
            </tr>
          </tbody>
        </table>
      ) : (
        <div class="scroll">
          <table class="difference">
            <thead>
              <tr>
                <th>value</th>
                <th>this run</th>
                <th>the other run</th>
              </tr>
            </thead>
            <tbody>
              {found.map((each) => (
                <tr key={each.path}>
                  <td>
                    <code>{each.path}</code>
                  </td>
                  <td>
                    <Side value={each.left} />
                  </td>
                  <td>
                    <Side value={each.right} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {events[place] && (
        <button type="button" class="small" onClick={() => onShow(place)}>
          Show it
        </button>
      )}
    </div>
  );
}

function Side({ value }: { value: Json | undefined }) {
  if (value === undefined) return <span class="soft">none</span>;
  const text = JSON.stringify(value);
  return <code class="anywhere">{text.length > 400 ? `${text.slice(0, 400)}…` : text}</code>;
}

interface ModuleSummary {
  text: string;
  output: string;
  error: boolean;
}

function summarize(events: readonly RunEvent[]): Map<number, ModuleSummary> {
  const counts = new Map<number, { steps: number; outputs: Json[]; error: string; stopped: number }>();
  for (const event of events) {
    const row = counts.get(event.moduleId) ?? { steps: 0, outputs: [], error: "", stopped: 0 };
    if (event.kind === "step") {
      row.steps += 1;
      row.outputs.push(...event.output);
      row.error ||= event.error?.name ?? "";
    } else if (event.passed === false) {
      row.stopped += 1;
    }
    counts.set(event.moduleId, row);
  }
  return new Map(
    [...counts].map(([id, row]) => {
      const parts = [row.steps ? `ran ${row.steps} ×` : "", row.stopped ? `its filter stopped ${row.stopped}` : "", row.error].filter(Boolean);
      return [id, { text: parts.join(", ") || "passed", output: JSON.stringify(row.outputs), error: row.error !== "" }];
    }),
  );
}
