// A run on the graph of its scenario: what each module did, why filters let bundles pass or not, and the comparison with another run.

import { useEffect, useMemo, useState } from "preact/hooks";

import type { Condition, DrawingResponse, Json, Run, RunLink, RunRow, Scenario, Step, Trace } from "./api";
import { make, worldPath, type World } from "./api";
import { LinkedRun, ModuleBundles, StepData } from "./bundles";
import { Comparison } from "./comparison";
import type { RunEvent } from "./events";
import { eventsOf, toneOf } from "./events";
import { Graph } from "./graph";
import { go, href, useAction, useControl } from "./hooks";
import { Empty, moment, Problem, Status, Tabs } from "./parts";
import { Timeline } from "./timeline";

/** Events shown around the current one: a run may have thousands. */
const WINDOW = 150;

interface RunPageProps {
  world: World;
  scenario: Scenario;
  runId: string;
  compared: string | null;
}

const VIEWS = ["Events", "Bundles"] as const;
type View = (typeof VIEWS)[number];

export function RunPage({ world, scenario, runId, compared }: RunPageProps) {
  const base = worldPath(world.name);
  const path = `${base}/executions/${encodeURIComponent(runId)}`;
  const described = useControl<{ execution: Run }>(path, scenario.version);
  const drawn = useControl<DrawingResponse>(`${base}/scenarios/${scenario.id}/drawing?execution=${encodeURIComponent(runId)}`, scenario.version);
  const traced = useControl<Trace>(`${path}/steps`);
  const [selected, setSelected] = useState<number | null>(null);
  const [current, setCurrent] = useState<number | null>(null);
  const [view, setView] = useState<View>("Events");
  const [cycle, setCycle] = useState<number | null>(null);
  const [search, setSearch] = useState("");
  const retry = useAction();
  const row = scenario.runs.find((each) => each.id === runId);
  const run = described.data?.execution ?? null;
  const events = useMemo(() => (traced.data === null ? [] : eventsOf(traced.data)), [traced.data]);
  const cycles = useMemo(() => [...new Set(events.map((event) => event.cycle))], [events]);
  const drawing = drawn.data?.drawing ?? null;
  const names = useMemo(() => new Map((drawing?.nodes ?? []).flatMap((node): [number, string][] => (typeof node.id === "number" ? [[node.id, node.title]] : []))), [drawing]);

  useEffect(() => {
    setSelected(null);
    setCurrent(null);
    setCycle(null);
    setView("Events");
  }, [runId]);

  const nodeOf = (moduleId: number): number | null => drawing?.nodes.find((node) => node.id === moduleId)?.index ?? null;
  const showEvent = (place: number) => {
    const event = events[place];
    if (event === undefined) return;
    setCurrent(place);
    setSelected(nodeOf(event.moduleId));
    if (cycle !== null && event.cycle !== cycle) setCycle(null);
  };
  // A module whose id is no number ran in no run.
  const selectedId = selected === null ? null : drawing?.nodes[selected]?.id;
  const moduleId = typeof selectedId === "number" ? selectedId : null;
  const selectNode = (index: number | null, next: View = view) => {
    setSelected(index);
    setView(index === null ? "Events" : next);
    const id = index === null ? null : (drawing?.nodes[index]?.id ?? null);
    const place = id === null ? -1 : events.findIndex((event) => event.moduleId === id && (cycle === null || event.cycle === cycle));
    setCurrent(place < 0 ? null : place);
  };
  const withBundles = useMemo(() => {
    const ids = new Set((traced.data?.steps ?? []).map((step) => step.moduleId));
    return new Set((drawing?.nodes ?? []).filter((node) => typeof node.id === "number" && ids.has(node.id)).map((node) => node.index));
  }, [traced.data, drawing]);
  const steps = useMemo(
    () => (traced.data?.steps ?? []).filter((step) => step.moduleId === moduleId && (cycle === null || step.cycle === cycle)),
    [traced.data, moduleId, cycle],
  );

  if (described.error?.status === 404) {
    return (
      <section class="card">
        <h2>Not found</h2>
        <p>{described.error.message} Runs of a world are lost when it is reset.</p>
        <p>
          <a href={href("w", world.name, "scenarios", scenario.id)}>← All runs</a>
        </p>
      </section>
    );
  }
  const problem = described.error ?? drawn.error ?? traced.error;
  if (problem) return <Problem error={problem} />;
  const shown = current === null ? null : events[current];
  return (
    <div class="run">
      <div class="row run-head">
        <a href={href("w", world.name, "scenarios", scenario.id)}>← All runs</a>
        {run && <Status status={row?.status ?? run.status} />}
        {run && (
          <span class="soft">
            {moment(run.at)} · {run.operations} operation{run.operations === 1 ? "" : "s"} · {(run.durationMs / 1000).toFixed(1)} s
          </span>
        )}
        {cycles.length > 1 && (
          <select aria-label="Cycle" value={cycle ?? ""} onChange={(event) => setCycle(event.currentTarget.value ? Number(event.currentTarget.value) : null)}>
            <option value="">{cycles.length} cycles</option>
            {cycles.map((each) => (
              <option key={each} value={each}>
                cycle {each}
              </option>
            ))}
          </select>
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
              const answer = await make<{ executionId?: string }>(world, `/scenarios/${scenario.id}/replay`, { method: "POST", body: { executionIds: [runId] } });
              if (answer.executionId) go("w", world.name, "scenarios", scenario.id, "runs", answer.executionId);
            })
          }
        >
          Replay
        </button>
      </div>
      <Problem error={retry.error} />
      {run?.error && (
        <div class="problem">
          <b>{run.error.name}</b>: {run.error.message}
          {run.error.issues?.map((text) => <div key={text}>{text}</div>)}
          {run.error.hint && <div>{run.error.hint}</div>}
        </div>
      )}
      {run && <Links world={world} run={run} />}
      {compared === null || traced.data === null ? null : <Comparison world={world} scenarioId={scenario.id} other={compared} events={events} names={names} onShow={showEvent} />}
      <div class="split">
        <div class="stack">
          <section class="canvas card" aria-label="Graph of the run">
            {drawing === null ? (
              <div class="loading" />
            ) : (
              <Graph
                drawing={drawing}
                nodeMarks={drawn.data?.marks?.nodes}
                edgeMarks={drawn.data?.marks?.edges}
                selected={selected}
                onSelect={selectNode}
                withBundles={withBundles}
                onBadge={(index) => selectNode(index, "Bundles")}
              />
            )}
          </section>
          <Timeline events={events} current={current} names={names} onShow={showEvent} />
        </div>
        <section class="side card" aria-label="Events of the run">
          <div class="row">
            <h2>{moduleId === null ? "What happened" : `${names.get(moduleId) ?? "Module"} (module ${moduleId})`}</h2>
            <span class="grow" />
            {moduleId !== null && (
              <button type="button" class="small" onClick={() => selectNode(null)}>
                All events
              </button>
            )}
          </div>
          {moduleId !== null && <Tabs names={VIEWS} current={view} onSelect={setView} label="Module in the run" />}
          <input type="search" class="wide" placeholder="Search in the bundles" aria-label="Search in the bundles" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
          {traced.data === null ? (
            <div class="loading" />
          ) : view === "Bundles" && moduleId !== null ? (
            <ModuleBundles key={moduleId} world={world} steps={steps} search={search} calls={run?.calls ?? []} operation={shown?.kind === "step" ? shown.operation : null} />
          ) : (
            <EventList
              world={world}
              events={events}
              moduleId={moduleId}
              cycle={cycle}
              current={current}
              search={search}
              calls={run?.calls ?? []}
              onShow={showEvent}
              leftOut={traced.data.leftOut.steps + traced.data.leftOut.decisions}
            />
          )}
        </section>
      </div>
    </div>
  );
}

/** Runs of other scenarios that belong to a run: those that it called, the one that called it, and its replays. */
function Links({ world, run }: { world: World; run: Run }) {
  const groups: [string, RunLink[]][] = [
    ["called by", run.calledBy ? [run.calledBy] : []],
    ["calls", run.calls],
    ["replay of", run.replayOf ? [run.replayOf] : []],
    ["replayed as", run.replays],
  ];
  const shown = groups.filter(([, runs]) => runs.length);
  if (!shown.length) return null;
  return (
    <p class="row links">
      {shown.map(([label, runs]) => (
        <span key={label}>
          <span class="soft">{label}</span>{" "}
          {runs.slice(0, 20).map((each) => (
            <span key={each.id} class="linked">
              <LinkedRun world={world} run={each} />
            </span>
          ))}
          {runs.length > 20 && <span class="soft">and {runs.length - 20} more</span>}
        </span>
      ))}
    </p>
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
  events: RunEvent[];
  moduleId: number | null;
  cycle: number | null;
  current: number | null;
  search: string;
  calls: readonly RunLink[];
  onShow: (place: number) => void;
  leftOut: number;
}

function EventList({ world, events, moduleId, cycle, current, search, calls, onShow, leftOut }: EventListProps) {
  const chosen = useMemo(
    () => events.map((event, place) => ({ event, place })).filter(({ event }) => (moduleId === null || event.moduleId === moduleId) && (cycle === null || event.cycle === cycle)),
    [events, moduleId, cycle],
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
          {place === current && <EventDetail world={world} event={event} search={search} calls={calls} />}
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

function EventDetail({ world, event, search, calls }: { world: World; event: RunEvent; search: string; calls: readonly RunLink[] }) {
  if (event.kind === "step") return <StepData world={world} step={event as Step} search={search} calls={calls} />;
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
