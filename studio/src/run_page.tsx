// A run on the graph of its scenario: what each module did, why filters let bundles pass or not, and the comparison with another run.

import { useEffect, useMemo, useState } from "preact/hooks";

import type { Condition, Decision, DrawingResponse, Json, RunRow, Scenario, Step, Trace } from "./api";
import { make, worldPath, type World } from "./api";
import { Graph } from "./graph";
import { go, href, useAction, useControl } from "./hooks";
import { JsonTree } from "./json_tree";
import { Empty, moment, Problem, Status } from "./parts";

type Event = ({ kind: "step" } & Step) | ({ kind: "decision" } & Decision);

/** Events in the order in which they happened: a decision stands before the step of its number. */
function eventsOf(trace: Trace): Event[] {
  const events: Event[] = [];
  let next = 0;
  trace.steps.forEach((step, place) => {
    for (; next < trace.decisions.length && (trace.decisions[next]?.step ?? 0) <= place; next++) events.push({ kind: "decision", ...(trace.decisions[next] as Decision) });
    events.push({ kind: "step", ...step });
  });
  for (; next < trace.decisions.length; next++) events.push({ kind: "decision", ...(trace.decisions[next] as Decision) });
  return events;
}

function toneOf(event: Event): string {
  if (event.kind === "step") return event.error === null ? "good" : "bad";
  if (event.passed === false) return "warn";
  return event.event === "handler" || event.event === "error handled" ? "warn" : "soft";
}

/** Events shown around the current one: a run may have thousands. */
const WINDOW = 150;

interface RunPageProps {
  world: World;
  scenario: Scenario;
  runId: string;
  compared: string | null;
  tick: number;
}

export function RunPage({ world, scenario, runId, compared, tick }: RunPageProps) {
  const base = worldPath(world.name);
  const drawn = useControl<DrawingResponse>(`${base}/scenarios/${scenario.id}/drawing?execution=${encodeURIComponent(runId)}`, scenario.version);
  const traced = useControl<Trace>(`${base}/executions/${encodeURIComponent(runId)}/steps`);
  const [selected, setSelected] = useState<number | null>(null);
  const [current, setCurrent] = useState<number | null>(null);
  const [search, setSearch] = useState("");
  const retry = useAction();
  const run = scenario.runs.find((row) => row.id === runId);
  const events = useMemo(() => (traced.data === null ? [] : eventsOf(traced.data)), [traced.data]);
  const drawing = drawn.data?.drawing ?? null;

  useEffect(() => {
    setSelected(null);
    setCurrent(null);
  }, [runId]);

  const nodeOf = (moduleId: number): number | null => drawing?.nodes.find((node) => node.id === moduleId)?.index ?? null;
  const showEvent = (place: number) => {
    const event = events[place];
    if (event === undefined) return;
    setCurrent(place);
    setSelected(nodeOf(event.moduleId));
  };
  const moduleId = selected === null ? null : (drawing?.nodes[selected]?.id ?? null);
  const selectNode = (index: number | null) => {
    setSelected(index);
    const id = index === null ? null : (drawing?.nodes[index]?.id ?? null);
    const place = id === null ? -1 : events.findIndex((event) => event.moduleId === id);
    setCurrent(place < 0 ? null : place);
  };

  if (drawn.error) return <Problem error={drawn.error} />;
  if (traced.error) return <Problem error={traced.error} />;
  return (
    <div class="run">
      <div class="row run-head">
        <a href={href("w", world.name, "scenarios", scenario.id)}>← All runs</a>
        {run && <Status status={run.status} />}
        {run && (
          <span class="soft">
            {moment(run.at)} · {run.operations} operation{run.operations === 1 ? "" : "s"} · {(run.durationMs / 1000).toFixed(1)} s
          </span>
        )}
        <span class="grow" />
        <Stepper count={events.length} current={current} onMove={showEvent} />
        <CompareMenu runs={scenario.runs} runId={runId} compared={compared} onCompare={(other) => go("w", world.name, "scenarios", scenario.id, "runs", runId, ...(other ? ["with", other] : []))} />
        <button
          type="button"
          disabled={retry.busy}
          title="Run the scenario again with the same data"
          onClick={() =>
            void retry.run(async () => {
              const answer = await make<{ executionId?: string }>(world, `/scenarios/${scenario.id}/executions/${encodeURIComponent(runId)}/replay`, { method: "POST" });
              if (answer.executionId) go("w", world.name, "scenarios", scenario.id, "runs", answer.executionId);
            })
          }
        >
          Replay
        </button>
      </div>
      <Problem error={retry.error} />
      {compared === null ? null : <Comparison base={base} runId={runId} other={compared} events={events} names={new Map((drawing?.nodes ?? []).map((node) => [node.id ?? -1, node.title]))} tick={tick} />}
      <div class="split">
        <section class="canvas card" aria-label="Graph of the run">
          {drawing === null ? <div class="loading" /> : <Graph drawing={drawing} nodeMarks={drawn.data?.marks?.nodes} edgeMarks={drawn.data?.marks?.edges} selected={selected} onSelect={selectNode} />}
        </section>
        <section class="side card" aria-label="Events of the run">
          <div class="row">
            <h2>{moduleId === null ? "What happened" : `Module ${moduleId}`}</h2>
            <span class="grow" />
            {moduleId !== null && (
              <button type="button" class="small" onClick={() => selectNode(null)}>
                All events
              </button>
            )}
          </div>
          <input type="search" class="wide" placeholder="Search in the bundles" aria-label="Search in the bundles" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
          {traced.data === null ? (
            <div class="loading" />
          ) : (
            <EventList world={world} events={events} moduleId={moduleId} current={current} search={search} onShow={showEvent} leftOut={traced.data.leftOut.steps + traced.data.leftOut.decisions} />
          )}
        </section>
      </div>
    </div>
  );
}

function Stepper({ count, current, onMove }: { count: number; current: number | null; onMove: (place: number) => void }) {
  if (!count) return null;
  const place = current ?? -1;
  return (
    <div class="stepper" role="group" aria-label="Step through the run">
      <button type="button" aria-label="First event" disabled={place === 0} onClick={() => onMove(0)}>
        |◀
      </button>
      <button type="button" aria-label="Event before" disabled={place <= 0} onClick={() => onMove(place - 1)}>
        ◀
      </button>
      <span class="soft number" aria-live="polite">
        {current === null ? "–" : current + 1} / {count}
      </span>
      <button type="button" aria-label="Next event" disabled={place >= count - 1} onClick={() => onMove(place + 1)}>
        ▶
      </button>
      <button type="button" aria-label="Last event" disabled={place >= count - 1} onClick={() => onMove(count - 1)}>
        ▶|
      </button>
    </div>
  );
}

function CompareMenu({ runs, runId, compared, onCompare }: { runs: RunRow[]; runId: string; compared: string | null; onCompare: (id: string) => void }) {
  const others = runs.filter((row) => row.id !== runId);
  if (!others.length) return null;
  return (
    <select aria-label="Compare with another run" value={compared ?? ""} onChange={(event) => onCompare(event.currentTarget.value)}>
      <option value="">Compare with …</option>
      {others.map((row) => (
        <option key={row.id} value={row.id}>
          {moment(row.at)} {row.status.toLowerCase()}
        </option>
      ))}
    </select>
  );
}

interface EventListProps {
  world: World;
  events: Event[];
  moduleId: number | null;
  current: number | null;
  search: string;
  onShow: (place: number) => void;
  leftOut: number;
}

function EventList({ world, events, moduleId, current, search, onShow, leftOut }: EventListProps) {
  const chosen = useMemo(
    () => events.map((event, place) => ({ event, place })).filter(({ event }) => moduleId === null || event.moduleId === moduleId),
    [events, moduleId],
  );
  const [first, setFirst] = useState(0);
  const at = current === null ? -1 : chosen.findIndex(({ place }) => place === current);
  useEffect(() => {
    if (at >= 0 && (at < first || at >= first + WINDOW)) setFirst(Math.max(0, at - WINDOW / 2));
    if (at < 0) setFirst(0);
  }, [at, moduleId]);
  useEffect(() => {
    if (current !== null) document.getElementById(`event-${current}`)?.scrollIntoView({ block: "nearest" });
  }, [current, first]);
  if (!events.length) return <Empty>No data: the scenario is confidential, or nothing happened.</Empty>;
  if (!chosen.length) return <Empty>The run did not reach this module.</Empty>;
  return (
    <ol class="events">
      {first > 0 && (
        <li>
          <button type="button" class="link" onClick={() => setFirst(Math.max(0, first - WINDOW))}>
            {first} before
          </button>
        </li>
      )}
      {chosen.slice(first, first + WINDOW).map(({ event, place }) => (
        <li key={place} id={`event-${place}`} class={`event ${place === current ? "current" : ""}`}>
          <button type="button" class={`event-line ${toneOf(event)}`} aria-expanded={place === current} onClick={() => onShow(place)}>
            {event.cycle > 1 && <span class="chip">cycle {event.cycle}</span>}
            {event.sentence}
          </button>
          {place === current && <EventDetail world={world} event={event} search={search} />}
        </li>
      ))}
      {chosen.length > first + WINDOW && (
        <li>
          <button type="button" class="link" onClick={() => setFirst(first + WINDOW)}>
            {chosen.length - first - WINDOW} more
          </button>
        </li>
      )}
      {leftOut > 0 && <li class="soft">{leftOut} further events were not kept.</li>}
    </ol>
  );
}

function EventDetail({ world, event, search }: { world: World; event: Event; search: string }) {
  if (event.kind === "decision") {
    return (
      <div class="detail">
        {event.conditions?.map((group, number) => (
          <div key={number}>
            {number > 0 && <p class="soft">or</p>}
            {group.map((condition, place) => (
              <ConditionView key={place} condition={condition} />
            ))}
          </div>
        ))}
        {!event.conditions?.length && <p class="soft">{event.bundle ? `Bundle ${event.bundle.number} of ${event.bundle.of} of module ${event.bundle.moduleId}` : event.event}</p>}
      </div>
    );
  }
  return (
    <div class="detail">
      {event.error && (
        <div class="problem">
          <b>{event.error.name}</b>: {event.error.message}
          {event.error.issues?.map((text) => <div key={text}>{text}</div>)}
          {event.error.hint && <div>{event.error.hint}</div>}
        </div>
      )}
      {event.input !== null && (
        <>
          <h3>In</h3>
          <JsonTree value={event.input} search={search} />
        </>
      )}
      <h3>
        Out <span class="soft">({event.output.length === 1 ? "1 bundle" : `${event.output.length} bundles`})</span>
      </h3>
      {event.output.length > 0 && <JsonTree value={event.output.length === 1 ? (event.output[0] as Json) : event.output} search={search} />}
      {event.called && (
        <p>
          <CalledRun world={world} id={event.called} />
        </p>
      )}
    </div>
  );
}

/** A link to the run that a module started, in whichever scenario that is. */
function CalledRun({ world, id }: { world: World; id: string }) {
  const runs = useControl<{ executions: { id: string; scenarioId: number; scenarioName: string }[] }>(`${worldPath(world.name)}/executions?limit=1000`);
  const found = runs.data?.executions.find((row) => row.id === id);
  return found === undefined ? null : <a href={href("w", world.name, "scenarios", found.scenarioId, "runs", id)}>Run of {found.scenarioName}</a>;
}

function ConditionView({ condition }: { condition: Condition }) {
  const side = (mapped: Json, value: Json) => (
    <span>
      <code>{JSON.stringify(value)}</code>
      {typeof mapped === "string" && mapped.includes("{{") && <span class="soft"> ({mapped})</span>}
    </span>
  );
  const unary = condition.b === null && /(^|:)(not)?exist$/.test(condition.o);
  return (
    <p class={`condition ${condition.holds ? "good" : "bad"}`}>
      <span aria-hidden="true">{condition.holds ? "✓" : "✕"}</span> {side(condition.a, condition.left)} <b>{condition.o}</b> {!unary && side(condition.b, condition.right)}{" "}
      <span class="soft">{condition.holds ? "holds" : "does not hold"}</span>
      {condition.hint && <span class="warn"> {condition.hint}</span>}
    </p>
  );
}

interface ComparisonProps {
  base: string;
  runId: string;
  other: string;
  events: Event[];
  names: ReadonlyMap<number, string>;
  tick: number;
}

function Comparison({ base, other, events, names }: ComparisonProps) {
  const traced = useControl<Trace>(`${base}/executions/${encodeURIComponent(other)}/steps`);
  const rows = useMemo(() => {
    if (traced.data === null) return [];
    const theirs = summarize(eventsOf(traced.data));
    const ours = summarize(events);
    return [...new Set([...ours.keys(), ...theirs.keys()])].map((id) => ({ id, ours: ours.get(id), theirs: theirs.get(id) }));
  }, [traced.data, events]);
  if (traced.error) return <Problem error={traced.error} />;
  return (
    <section class="card" aria-label="Comparison of two runs">
      <h2>Compared</h2>
      <div class="scroll">
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
            {rows.map(({ id, ours, theirs }) => (
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

interface ModuleSummary {
  text: string;
  output: string;
  error: boolean;
}

function summarize(events: Event[]): Map<number, ModuleSummary> {
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
