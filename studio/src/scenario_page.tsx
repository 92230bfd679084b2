// One scenario: its graph, and what can be done with it.

import { useEffect, useMemo, useState } from "preact/hooks";

import type { DrawingResponse, DrawnNode, Finding, Json, Scenario, World } from "./api";
import { control, make, worldPath } from "./api";
import { Graph } from "./graph";
import { go, href, useAction, useControl } from "./hooks";
import { JsonTree } from "./json_tree";
import { HookForm, InputForm } from "./play";
import { CopyButton, Empty, moment, parseJson, Problem, State, Status, Tabs } from "./parts";
import { RunPage } from "./run_page";
import { Findings } from "./scenarios_page";
import { RuleForm } from "./service_cards";

interface ScenarioPageProps {
  world: World;
  id: string;
  runId: string | null;
  compared: string | null;
  tick: number;
  refresh: () => void;
}

export function ScenarioPage({ world, id, runId, compared, tick, refresh }: ScenarioPageProps) {
  const loaded = useControl<{ scenario: Scenario }>(`${worldPath(world.name)}/scenarios/${encodeURIComponent(id)}`, tick);
  const scenario = loaded.data?.scenario ?? null;
  const action = useAction();
  const runs = scenario?.runs.some((run) => run.status === "RUNNING") ?? false;
  // The end of a run changes nothing in the world but the time.
  useEffect(() => {
    if (!runs) return undefined;
    const timer = window.setTimeout(refresh, 1000);
    return () => window.clearTimeout(timer);
  }, [runs, tick]);
  useEffect(() => {
    if (scenario) document.title = `${scenario.name} · make-emulator`;
  }, [scenario?.name]);
  if (loaded.error && scenario === null) {
    return (
      <main>
        <h1>Not found</h1>
        <Problem error={loaded.error} />
        <p>
          <a href={href("w", world.name, "scenarios")}>← All scenarios</a>
        </p>
      </main>
    );
  }
  if (scenario === null) return <main><div class="loading" /></main>;
  const act = (name: "start" | "stop") =>
    void action.run(async () => {
      await make(world, `/scenarios/${scenario.id}/${name}`, { method: "POST" });
      refresh();
    });
  return (
    <main class="page">
      <div class="row head">
        <a href={href("w", world.name, "scenarios")} aria-label="All scenarios">
          Scenarios
        </a>
        <span class="soft" aria-hidden="true">
          /
        </span>
        <h1>{scenario.name || "(no name)"}</h1>
        <State state={scenario.state} />
        <span class="grow" />
        {scenario.state === "active" ? (
          <button type="button" disabled={action.busy} onClick={() => act("stop")}>
            Stop
          </button>
        ) : (
          <button type="button" disabled={action.busy} onClick={() => act("start")}>
            Start
          </button>
        )}
      </div>
      <Problem error={action.error} />
      {runId === null ? (
        <Overview world={world} scenario={scenario} refresh={refresh} />
      ) : (
        <RunPage world={world} scenario={scenario} runId={runId} compared={compared} />
      )}
    </main>
  );
}

const TABS = ["Runs", "Run", "Blueprint", "Problems"] as const;
type Tab = (typeof TABS)[number];

function Overview({ world, scenario, refresh }: { world: World; scenario: Scenario; refresh: () => void }) {
  const base = worldPath(world.name);
  const drawn = useControl<DrawingResponse>(`${base}/scenarios/${scenario.id}/drawing`, scenario.version);
  const [selected, setSelected] = useState<number | null>(null);
  const [tab, setTab] = useState<Tab>("Runs");
  const [findings, setFindings] = useState<Finding[]>([]);
  const drawing = drawn.data?.drawing ?? null;
  const node = selected === null ? null : (drawing?.nodes[selected] ?? null);

  useEffect(() => {
    control<{ findings: Finding[] }>("/lint", { method: "POST", body: { world: world.name, scenarioId: scenario.id } }).then(
      (answer) => setFindings(answer.findings),
      () => setFindings([]),
    );
  }, [world.name, scenario.id, scenario.version]);

  const marked = useMemo(() => {
    const marks = new Map<number, string>();
    for (const finding of findings) {
      const place = drawing?.nodes.findIndex((each) => each.id === finding.moduleId) ?? -1;
      if (place >= 0 && finding.severity !== "info") marks.set(place, finding.message);
    }
    return marks;
  }, [findings, drawing]);

  return (
    <div class="split">
      <section class="canvas card" aria-label="Graph of the scenario">
        {drawn.error ? <Problem error={drawn.error} /> : drawing === null ? <div class="loading" /> : <Graph drawing={drawing} selected={selected} onSelect={setSelected} findings={marked} />}
      </section>
      <section class="side card" aria-label={node ? `Module ${node.id}` : "Scenario"}>
        {node ? (
          <ModulePanel world={world} scenario={scenario} node={node} findings={findings.filter((finding) => finding.moduleId === node.id)} onClose={() => setSelected(null)} />
        ) : (
          <>
            <Tabs names={TABS} current={tab} onSelect={setTab} label="Scenario" />
            {tab === "Runs" && <Runs world={world} scenario={scenario} refresh={refresh} />}
            {tab === "Run" && <RunForms world={world} scenario={scenario} refresh={refresh} />}
            {tab === "Blueprint" && <BlueprintEditor key={`${scenario.id} ${scenario.version}`} world={world} scenario={scenario} refresh={refresh} />}
            {tab === "Problems" && (
              <>
                {findings.length + scenario.warnings.length === 0 && <Empty>Lint found nothing.</Empty>}
                {findings.length > 0 && <Repairs key={scenario.version} world={world} scenario={scenario} refresh={refresh} />}
                <Findings findings={findings} onSelect={(finding) => setSelected(drawing?.nodes.findIndex((each) => each.id === finding.moduleId) ?? null)} />
                {scenario.warnings.map((text) => (
                  <p key={text} class="warn">
                    {text}
                  </p>
                ))}
              </>
            )}
          </>
        )}
      </section>
    </div>
  );
}

interface Mended {
  blueprint: Json;
  repairs: Finding[];
  findings: (Finding & { reason: string })[];
}

/** The obvious repairs of lint's findings, tried before they are applied. */
function Repairs({ world, scenario, refresh }: { world: World; scenario: Scenario; refresh: () => void }) {
  const [mended, setMended] = useState<Mended | null>(null);
  const action = useAction();
  const look = () => void action.run(async () => setMended(await control<Mended>("/mend", { method: "POST", body: { world: world.name, scenarioId: scenario.id } })));
  const apply = (blueprint: Json) =>
    void action.run(async () => {
      await make(world, `/scenarios/${scenario.id}?confirmed=true`, { method: "PATCH", body: { blueprint: JSON.stringify(blueprint) } });
      refresh();
    });
  return (
    <div class="repairs">
      {mended === null ? (
        <button type="button" disabled={action.busy} onClick={look}>
          Find repairs
        </button>
      ) : mended.repairs.length === 0 ? (
        <p class="soft">No repair is obvious.</p>
      ) : (
        <>
          <p>
            {mended.repairs.length} repair{mended.repairs.length === 1 ? "" : "s"}:
          </p>
          <Findings findings={mended.repairs} />
          <button type="button" class="primary" disabled={action.busy} onClick={() => apply(mended.blueprint)}>
            Apply the repairs
          </button>
        </>
      )}
      <Problem error={action.error} />
    </div>
  );
}

/** An incomplete execution: its error, and the blueprint of its retry, which can be changed before. */
function Incomplete({ world, row, refresh }: { world: World; row: Scenario["incompleteExecutions"][number]; refresh: () => void }) {
  const base = `/dlqs/${encodeURIComponent(row.id)}`;
  const [text, setText] = useState<string | null>(null);
  const action = useAction();
  const retry = () =>
    void action.run(async () => {
      if (text !== null) {
        parseJson(text, "The blueprint");
        await make(world, base, { method: "PATCH", body: { blueprint: text } });
      }
      await make(world, `${base}/retry`, { method: "POST" });
      setText(null);
      refresh();
    });
  const edit = () =>
    void action.run(async () => {
      const answer = await make<{ response?: { blueprint: Json }; blueprint?: Json }>(world, `${base}/blueprint`);
      setText(JSON.stringify(answer.response?.blueprint ?? answer.blueprint ?? answer, null, 2));
    });
  return (
    <div>
      <div class="row">
        <span class="bad anywhere">{row.reason}</span>
        <span class="soft">
          {row.attempts} attempt{row.attempts === 1 ? "" : "s"}
        </span>
        {text === null && (
          <button type="button" class="small" disabled={action.busy} onClick={edit}>
            Edit the retry
          </button>
        )}
        <button type="button" class="small" disabled={action.busy} onClick={retry}>
          {text === null ? "Retry" : "Save and retry"}
        </button>
      </div>
      {text !== null && <textarea class="code" rows={12} aria-label="Blueprint of the retry" spellcheck={false} value={text} onInput={(event) => setText(event.currentTarget.value)} />}
      <Problem error={action.error} />
    </div>
  );
}

function Runs({ world, scenario, refresh }: { world: World; scenario: Scenario; refresh: () => void }) {
  return (
    <>
      {scenario.incompleteExecutions.length > 0 && (
        <>
          <h3>Incomplete executions</h3>
          {scenario.incompleteExecutions.map((row) => (
            <Incomplete key={row.id} world={world} row={row} refresh={refresh} />
          ))}
          <h3>Runs</h3>
        </>
      )}
      {scenario.runs.length === 0 ? (
        <Empty>No runs yet.</Empty>
      ) : (
        <table class="list">
          <tbody>
            {scenario.runs.map((run) => (
              <tr key={run.id}>
                <td>
                  <a class="plain" href={href("w", world.name, "scenarios", scenario.id, "runs", run.id)}>
                    <Status status={run.status} /> <span class="soft">{moment(run.at)}</span>
                  </a>
                </td>
                <td class="number soft">{run.operations} op.</td>
                <td class="number soft">{(run.durationMs / 1000).toFixed(1)} s</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function RunForms({ world, scenario, refresh }: { world: World; scenario: Scenario; refresh: () => void }) {
  const done = (executionId: string | undefined) => {
    refresh();
    if (executionId) go("w", world.name, "scenarios", scenario.id, "runs", executionId);
  };
  return (
    <>
      {scenario.hook && <HookForm world={world} hook={scenario.hook} onSent={refresh} />}
      <InputForm world={world} scenario={scenario} onDone={done} />
      <ScheduleForm world={world} scenario={scenario} refresh={refresh} />
    </>
  );
}

function ScheduleForm({ world, scenario, refresh }: { world: World; scenario: Scenario; refresh: () => void }) {
  const [text, setText] = useState(() => JSON.stringify(scenario.scheduling, null, 2));
  const action = useAction();
  return (
    <details>
      <summary>Schedule: {String(scenario.scheduling["type"] ?? "none")}</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void action.run(async () => {
            parseJson(text, "The schedule");
            await make(world, `/scenarios/${scenario.id}`, { method: "PATCH", body: { scheduling: text } });
            refresh();
          });
        }}
      >
        <textarea class="code" rows={6} aria-label="Schedule as JSON" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <button type="submit" disabled={action.busy}>
          Save schedule
        </button>
        <Problem error={action.error} />
      </form>
    </details>
  );
}

function BlueprintEditor({ world, scenario, refresh }: { world: World; scenario: Scenario; refresh: () => void }) {
  const saved = useMemo(() => JSON.stringify(scenario.blueprint, null, 2), [scenario.version, scenario.id]);
  const [text, setText] = useState(saved);
  const [findings, setFindings] = useState<Finding[]>([]);
  const action = useAction();
  useEffect(() => {
    if (text === saved) {
      setFindings([]);
      return undefined;
    }
    // Lint follows what is typed, once the hands rest.
    const timer = window.setTimeout(() => {
      try {
        JSON.parse(text);
      } catch (error) {
        setFindings([{ rule: "json", severity: "error", path: "", message: error instanceof Error ? error.message : String(error) }]);
        return;
      }
      control<{ findings: Finding[] }>("/lint", { method: "POST", body: { blueprint: text, world: world.name } }).then(
        (answer) => setFindings(answer.findings),
        () => setFindings([]),
      );
    }, 400);
    return () => window.clearTimeout(timer);
  }, [text, saved]);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void action.run(async () => {
          parseJson(text, "The blueprint");
          await make(world, `/scenarios/${scenario.id}?confirmed=true`, { method: "PATCH", body: { blueprint: text } });
          refresh();
        });
      }}
    >
      <textarea class="code tall" aria-label="Blueprint as JSON" spellcheck={false} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <div class="row">
        <button type="submit" class="primary" disabled={action.busy || text === saved}>
          Save
        </button>
        <button type="button" disabled={text === saved} onClick={() => setText(saved)}>
          Undo
        </button>
        <CopyButton text={text} />
      </div>
      <Problem error={action.error} />
      <Findings findings={findings} />
    </form>
  );
}

interface ModulePanelProps {
  world: World;
  scenario: Scenario;
  node: DrawnNode;
  findings: Finding[];
  onClose: () => void;
}

/** The module of a blueprint at a path of names and places. */
function nodeAt(blueprint: Json, path: readonly Json[]): { [name: string]: Json } {
  let value: Json = blueprint;
  for (const step of path) {
    if (value === null || typeof value !== "object") return {};
    value = (value as { [name: string]: Json })[String(step)] ?? null;
  }
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

function ModulePanel({ world, scenario, node, findings, onClose }: ModulePanelProps) {
  const module = nodeAt(scenario.blueprint, node.path);
  const part = (name: string) => {
    const value = module[name];
    if (value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0)) return null;
    return (
      <>
        <h3>{name}</h3>
        <JsonTree value={value} />
      </>
    );
  };
  return (
    <>
      <div class="row">
        <h2>{node.title}</h2>
        <span class="grow" />
        <button type="button" class="small" onClick={onClose}>
          Close
        </button>
      </div>
      <p class="soft">
        <code>{node.module}</code> · module {node.id ?? "without id"} · {node.kind}
      </p>
      <Findings findings={findings} />
      {part("filter")}
      {part("parameters")}
      {part("mapper")}
      {part("flags")}
      <ScriptForm key={node.module} world={world} module={node.module} />
      {node.module.startsWith("http:") && (
        <details>
          <summary>Stub the service that it calls</summary>
          <p class="soft">HTTP modules of this world get this response from addresses that match; * stands for any text.</p>
          <RuleForm key={node.index} world={world} url={urlOf(module)} onDone={() => undefined} />
        </details>
      )}
    </>
  );
}

/** The address of an HTTP module, with any text in place of what is mapped. */
function urlOf(module: { [name: string]: Json }): string {
  for (const part of ["mapper", "parameters"]) {
    const fields = module[part];
    const url = fields !== null && typeof fields === "object" && !Array.isArray(fields) ? fields["url"] : null;
    if (typeof url === "string" && url) return url.replace(/\{\{.*?\}\}/g, "*");
  }
  return "";
}

interface Script {
  module: { output?: Json; error?: { name: string; message?: string }; times?: number; hits?: number };
}

function ScriptForm({ world, module }: { world: World; module: string }) {
  const path = `${worldPath(world.name)}/modules/${encodeURIComponent(module)}`;
  const [output, setOutput] = useState('{"id": 1}');
  const [error, setError] = useState("");
  const [known, setKnown] = useState<Script["module"] | null>(null);
  const action = useAction();
  const look = () => control<Script>(path).then((answer) => setKnown(answer.module), () => setKnown(null));
  useEffect(() => void look(), [path]);
  const save = (body: unknown) =>
    void action.run(async () => {
      await control(path, { method: "PUT", body });
      await look();
    });
  return (
    <details open={known !== null}>
      <summary>Script this module {known && <span class="chip">scripted</span>}</summary>
      <p class="soft">Every {module} of this world gives this in place of its own output, until the script is deleted.</p>
      {known && <JsonTree value={known as Json} />}
      <label class="field">
        Output (a bundle, or a list of bundles)
        <textarea class="code" rows={4} value={output} onInput={(event) => setOutput(event.currentTarget.value)} />
      </label>
      <div class="row">
        <button type="button" disabled={action.busy} onClick={() => save({ output: safeParse(output) })}>
          Give this output
        </button>
      </div>
      <label class="field">
        Or fail with
        <input placeholder="RateLimitError" value={error} onInput={(event) => setError(event.currentTarget.value)} />
      </label>
      <div class="row">
        <button type="button" disabled={action.busy || !error} onClick={() => save({ error: { name: error } })}>
          Fail
        </button>
        {known && (
          <button
            type="button"
            disabled={action.busy}
            onClick={() =>
              void action.run(async () => {
                await control(path, { method: "DELETE" });
                await look();
              })
            }
          >
            Delete the script
          </button>
        )}
      </div>
      <Problem error={action.error} />
    </details>
  );
}

/** Text that is no JSON is an output of its own, which the emulator rejects with a reason. */
function safeParse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
