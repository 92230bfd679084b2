// The studio: pages that show the scenarios, runs and requests of the worlds of one emulator.

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";

import { type ApiError, controlKey, type World } from "./api";
import { ApiPage } from "./api_page";
import { Clock } from "./clock";
import { ControlsPage, NewWorld } from "./controls_page";
import { DataPage } from "./data_page";
import { go, href, useChanges, useControl, usePlace } from "./hooks";
import { Empty, Problem } from "./parts";
import { RequestsPage } from "./requests_page";
import { ScenarioPage } from "./scenario_page";
import { ScenariosPage } from "./scenarios_page";

const SECTIONS = [
  ["scenarios", "Scenarios"],
  ["requests", "Requests"],
  ["data", "Data"],
  ["api", "API"],
  ["world", "World"],
] as const;

function App() {
  const place = usePlace();
  const [unlocked, setUnlocked] = useState(0);
  const worlds = useControl<{ worlds: World[] }>("/worlds", unlocked, place.parts[1] ?? "");
  if (worlds.error?.status === 403) return <KeyForm wrong={controlKey() !== null} message={worlds.error.message} onKey={() => setUnlocked(unlocked + 1)} />;
  const [start, name, section = "scenarios", ...rest] = place.parts;
  const all = worlds.data?.worlds ?? null;
  const world = all?.find((each) => each.name === name) ?? null;
  const first = all?.find((each) => each.name === "default") ?? all?.[0];
  useEffect(() => {
    // The address without a world leads to the first one.
    if (start === undefined && first !== undefined) location.replace(href("w", first.name, "scenarios"));
  }, [start, first?.name]);
  return <Shell worlds={all} error={worlds.error} world={world} wanted={start === "w" ? (name ?? null) : null} known={start === undefined || start === "w"} section={section} rest={rest} />;
}

interface ShellProps {
  worlds: World[] | null;
  error: ApiError | null;
  world: World | null;
  wanted: string | null;
  known: boolean;
  section: string;
  rest: string[];
}

function Shell({ worlds, error, world, wanted, known, section, rest }: ShellProps) {
  const { tick, requests, refresh, live } = useChanges(world?.name ?? null);
  useEffect(() => {
    document.title = world ? `${SECTIONS.find(([name]) => name === section)?.[1] ?? "Studio"} · ${world.name} · make-emulator` : "make-emulator";
  }, [world?.name, section]);
  return (
    <>
      <a class="skip" href="#content" onClick={(event) => { event.preventDefault(); document.getElementById("content")?.focus(); }}>
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href="#/">
          make-emulator
        </a>
        {worlds && (
          <select aria-label="World" value={world?.name ?? ""} onChange={(event) => go("w", event.currentTarget.value, section === "scenarios" ? "scenarios" : section)}>
            {world === null && <option value="">world …</option>}
            {worlds.map((each) => (
              <option key={each.name}>{each.name}</option>
            ))}
          </select>
        )}
        {world && (
          <nav aria-label="Sections">
            {SECTIONS.map(([name, label]) => (
              <a key={name} href={href("w", world.name, name)} aria-current={section === name ? "page" : undefined}>
                {label}
              </a>
            ))}
          </nav>
        )}
        <span class="grow" />
        {!live && <span class="bad" role="status">no answer</span>}
        {world && <Clock world={world} tick={tick} refresh={refresh} />}
        <ThemeButton />
      </header>
      <div id="content" tabIndex={-1}>
        <Problem error={error} />
        {world ? (
          <Section world={world} section={section} rest={rest} tick={tick} requests={requests} refresh={refresh} />
        ) : worlds === null ? null : !known || wanted !== null ? (
          <Missing text={wanted === null ? "There is no such page." : `There is no world "${wanted}".`} />
        ) : worlds.length === 0 ? (
          <main>
            <Empty>No worlds.</Empty>
            <NewWorld />
          </main>
        ) : null}
      </div>
    </>
  );
}

interface SectionProps {
  world: World;
  section: string;
  rest: string[];
  tick: number;
  requests: number;
  refresh: () => void;
}

function Section({ world, section, rest, tick, requests, refresh }: SectionProps) {
  const [first = null, word, runId = null, also, compared = null] = rest;
  switch (section) {
    case "scenarios":
      if (first === null) return <ScenariosPage key={world.name} world={world} tick={tick} refresh={refresh} />;
      if (word !== undefined && word !== "runs") return <Missing text="There is no such page." />;
      return <ScenarioPage key={`${world.name} ${first}`} world={world} id={first} runId={runId} compared={also === "with" ? compared : null} tick={tick} refresh={refresh} />;
    case "requests":
      return <RequestsPage key={world.name} world={world} requestId={first} tick={requests} refresh={refresh} />;
    case "data":
      return <DataPage key={world.name} world={world} storeId={first} tick={tick} refresh={refresh} />;
    case "api":
      return <ApiPage key={world.name} world={world} operationId={first} refresh={refresh} />;
    case "world":
      return <ControlsPage key={world.name} world={world} tick={tick} refresh={refresh} />;
    default:
      return <Missing text="There is no such page." />;
  }
}

function Missing({ text }: { text: string }) {
  return (
    <main>
      <h1>Not found</h1>
      <p>{text}</p>
      <p>
        <a href="#/">To the scenarios</a>
      </p>
    </main>
  );
}

function ThemeButton() {
  const change = () => {
    const root = document.documentElement;
    const dark = root.dataset["theme"] ? root.dataset["theme"] === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset["theme"] = dark ? "light" : "dark";
    try {
      localStorage.setItem("make-emulator-theme", root.dataset["theme"]);
    } catch {
      // It applies to this page only.
    }
  };
  return (
    <button type="button" aria-label="Dark or light" title="Dark or light" onClick={change}>
      ◐
    </button>
  );
}

function KeyForm({ wrong, message, onKey }: { wrong: boolean; message: string; onKey: () => void }) {
  const [text, setText] = useState("");
  return (
    <main class="narrow">
      <section class="card">
        <h1>Control key</h1>
        <p class={wrong ? "bad" : "soft"} role={wrong ? "alert" : undefined}>
          {wrong ? "Wrong key." : message}
        </p>
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            controlKey(text);
            onKey();
          }}
        >
          <input class="grow" type="password" aria-label="Control key" autocomplete="off" value={text} onInput={(event) => setText(event.currentTarget.value)} />
          <button type="submit" class="primary">
            Open
          </button>
        </form>
      </section>
    </main>
  );
}

// A link with the key opens the studio; the key does not stay in the address.
const linked = /^#key=(.+)$/.exec(location.hash);
if (linked?.[1]) {
  controlKey(decodeURIComponent(linked[1]));
  history.replaceState(null, "", location.pathname + location.search);
}
try {
  document.documentElement.dataset["theme"] = localStorage.getItem("make-emulator-theme") ?? "";
} catch {
  // Storage is off.
}
const root = document.getElementById("studio");
if (root) render(<App />, root);
