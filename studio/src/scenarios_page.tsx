// The scenarios of a world, and the import of exports that are dropped onto the page.

import { useRef, useState } from "preact/hooks";

import type { Finding, ScenarioRow, World } from "./api";
import { control, worldPath } from "./api";
import { href, useAction, useControl } from "./hooks";
import { Empty, moment, Problem, State, Status } from "./parts";

const PAGE = 50;

interface ImportResult {
  scenarios: { file: string; scenarioId: number; name: string; active: boolean; inactiveReason: string | null; findings: Finding[] }[];
  stubs: { kind: string; id: number | string; note: string; url?: string }[];
  rejected: { file: string; message: string; hint: string | null; findings: Finding[] }[];
}

export function ScenariosPage({ world, tick, refresh }: { world: World; tick: number; refresh: () => void }) {
  const [text, setText] = useState("");
  const [offset, setOffset] = useState(0);
  const path = `${worldPath(world.name)}/scenarios?q=${encodeURIComponent(text)}&limit=${PAGE}&offset=${offset}`;
  const list = useControl<{ scenarios: ScenarioRow[]; total: number }>(path, tick);
  const kept = useRef<{ scenarios: ScenarioRow[]; total: number } | null>(null);
  if (list.data !== null) kept.current = list.data;
  const shown = list.data ?? kept.current;
  return (
    <main>
      <ImportArea world={world} onDone={refresh} />
      <section class="card">
        <div class="row">
          <h1>Scenarios</h1>
          <span class="soft">{shown?.total ?? ""}</span>
          <span class="grow" />
          <input
            type="search"
            placeholder="Search by name or id"
            aria-label="Search scenarios by name or id"
            value={text}
            onInput={(event) => {
              setText(event.currentTarget.value);
              setOffset(0);
            }}
          />
        </div>
        <Problem error={list.error} />
        {shown === null ? (
          <div class="loading" />
        ) : shown.scenarios.length === 0 ? (
          <Empty>{text ? "No scenario matches." : "No scenarios yet: drop an exported blueprint above."}</Empty>
        ) : (
          <div class="scroll">
            <table class="list">
              <thead>
                <tr>
                  <th class="number">id</th>
                  <th class="grow-cell">name</th>
                  <th>state</th>
                  <th>last run</th>
                  <th class="extra">next run</th>
                </tr>
              </thead>
              <tbody>
                {shown.scenarios.map((row) => (
                  <tr key={row.id}>
                    <td class="number soft">{row.id}</td>
                    <td>
                      <a href={href("w", world.name, "scenarios", row.id)}>{row.name || "(no name)"}</a>
                    </td>
                    <td>
                      <State state={row.state} />
                    </td>
                    <td>
                      {row.runs[0] ? (
                        <a class="plain" href={href("w", world.name, "scenarios", row.id, "runs", row.runs[0].id)}>
                          <Status status={row.runs[0].status} /> <span class="soft extra nowrap">{moment(row.runs[0].at)}</span>
                        </a>
                      ) : (
                        <span class="soft">none</span>
                      )}
                    </td>
                    <td class="soft extra nowrap">{row.nextRun ? moment(row.nextRun) : ""}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {shown !== null && shown.total > PAGE && (
          <div class="row pages">
            <button type="button" disabled={offset === 0} onClick={() => setOffset(Math.max(0, offset - PAGE))}>
              Before
            </button>
            <span class="soft">
              {offset + 1} to {Math.min(offset + PAGE, shown.total)} of {shown.total}
            </span>
            <button type="button" disabled={offset + PAGE >= shown.total} onClick={() => setOffset(offset + PAGE)}>
              Next
            </button>
          </div>
        )}
      </section>
    </main>
  );
}

function ImportArea({ world, onDone }: { world: World; onDone: () => void }) {
  const [over, setOver] = useState(false);
  const [result, setResult] = useState<ImportResult | null>(null);
  const action = useAction();
  const input = useRef<HTMLInputElement>(null);

  const load = (files: Iterable<File>) =>
    void action.run(async () => {
      const read = await Promise.all([...files].map(async (file) => ({ name: file.name, document: await file.text() })));
      if (!read.length) return;
      setResult(await control<ImportResult>(`${worldPath(world.name)}/import`, { method: "POST", body: { files: read } }));
      onDone();
    });

  return (
    <section
      class={`card drop ${over ? "over" : ""}`}
      aria-label="Import"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        load(event.dataTransfer?.files ?? []);
      }}
    >
      <div class="row">
        <span>
          <b>Drop exported blueprints here</b> <span class="soft">(connections, hooks and data stores get stubs)</span>
        </span>
        <button type="button" disabled={action.busy} onClick={() => input.current?.click()}>
          {action.busy ? "Importing …" : "Choose files"}
        </button>
        <input ref={input} type="file" class="hidden" multiple accept=".json,application/json" aria-label="Blueprint files" onChange={(event) => load(event.currentTarget.files ?? [])} />
      </div>
      <Problem error={action.error} />
      {result && (
        <div class="import-result" aria-live="polite">
          {result.scenarios.map((row) => (
            <div key={row.file}>
              <span class="good">✓</span> {row.file}: <a href={href("w", world.name, "scenarios", row.scenarioId)}>{row.name || "(no name)"}</a>
              {row.inactiveReason && <span class="soft"> (not active: {row.inactiveReason})</span>}
              <Findings findings={row.findings} />
            </div>
          ))}
          {result.rejected.map((row) => (
            <div key={row.file}>
              <span class="bad">✕ {row.file}</span>: {row.message} {row.hint}
              <Findings findings={row.findings} />
            </div>
          ))}
          {result.stubs.length > 0 && (
            <details>
              <summary>
                {result.stubs.length} stub{result.stubs.length === 1 ? "" : "s"}
              </summary>
              <ul>
                {result.stubs.map((stub) => (
                  <li key={`${stub.kind} ${stub.id}`}>
                    {stub.kind} {stub.id}: {stub.note} {stub.url && <code>{stub.url}</code>}
                  </li>
                ))}
              </ul>
            </details>
          )}
        </div>
      )}
    </section>
  );
}

const SEVERITY_TONES: Record<string, string> = { error: "bad", warning: "warn", info: "soft" };

export function Findings({ findings, onSelect }: { findings: readonly Finding[]; onSelect?: (finding: Finding) => void }) {
  if (!findings.length) return null;
  return (
    <ul class="findings">
      {findings.map((finding, place) => (
        <li key={place}>
          <span class={SEVERITY_TONES[finding.severity] ?? "soft"}>{finding.severity}</span>{" "}
          {onSelect && finding.moduleId !== undefined ? (
            <button type="button" class="link" onClick={() => onSelect(finding)}>
              module {finding.moduleId}
            </button>
          ) : null}{" "}
          {finding.message} {finding.suggestion && <span class="soft">{finding.suggestion}</span>} <span class="chip">{finding.rule}</span>
        </li>
      ))}
    </ul>
  );
}
