// Small parts that several pages use.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { ApiError, Json } from "./api";

export function Problem({ error }: { error: ApiError | null }) {
  if (error === null) return null;
  return (
    <div class="problem" role="alert">
      {error.message}
      {error.details.map((text) => (
        <div key={text}>{text}</div>
      ))}
    </div>
  );
}

const STATUS_TONES: Record<string, string> = { SUCCESS: "good", WARNING: "warn", ERROR: "bad", RUNNING: "soft" };
const STATUS_SIGNS: Record<string, string> = { SUCCESS: "✓", WARNING: "!", ERROR: "✕", RUNNING: "…" };

export function Status({ status }: { status: string }) {
  return (
    <span class={`status ${STATUS_TONES[status] ?? "soft"}`}>
      <span aria-hidden="true">{STATUS_SIGNS[status] ?? "·"}</span> {status.toLowerCase()}
    </span>
  );
}

const STATE_TONES: Record<string, string> = { active: "good", inactive: "soft", paused: "warn", invalid: "bad" };

export function State({ state }: { state: string }) {
  return <span class={`status ${STATE_TONES[state] ?? "soft"}`}>{state}</span>;
}

export const moment = (iso: string): string => iso.replace("T", " ").replace(/\.\d+Z$|Z$/, "");

export function CopyButton({ text, label = "Copy" }: { text: string | (() => string); label?: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    const value = typeof text === "string" ? text : text();
    try {
      await navigator.clipboard.writeText(value);
    } catch {
      // A page that is not served securely has no clipboard: select the text instead.
      const area = document.createElement("textarea");
      area.value = value;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    setDone(true);
    window.setTimeout(() => setDone(false), 1500);
  };
  return (
    <button type="button" class="small" onClick={() => void copy()}>
      {done ? "Copied" : label}
    </button>
  );
}

export function Tabs<Name extends string>({ names, current, onSelect, label }: { names: readonly Name[]; current: Name; onSelect: (name: Name) => void; label: string }) {
  return (
    <div class="tabs" role="tablist" aria-label={label}>
      {names.map((name) => (
        <button key={name} type="button" role="tab" aria-selected={name === current} onClick={() => onSelect(name)}>
          {name}
        </button>
      ))}
    </div>
  );
}

/** A field of a form with its name above. */
export function Labelled({ text, grow = false, children }: { text: string; grow?: boolean; children: ComponentChildren }) {
  return (
    <label class={`labelled ${grow ? "grow" : ""}`}>
      <span>{text}</span>
      {children}
    </label>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

export function Headers({ headers }: { headers: { [name: string]: string } }) {
  return (
    <table class="facts">
      <tbody>
        {Object.entries(headers).map(([name, value]) => (
          <tr key={name}>
            <th>{name}</th>
            <td class="anywhere">{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A dialog of the page, closed by Escape and by a click beside it. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog ref={element} aria-label={title} onClose={onClose} onClick={(event) => event.target === element.current && onClose()}>
      <div class="dialog-body">
        <header>
          <h2>{title}</h2>
          <button type="button" class="small" aria-label="Close" onClick={onClose}>
            ✕
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** Reads the JSON of a text area; raises an error that tells where it breaks. */
export function parseJson(text: string, what: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new Error(`${what} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}
