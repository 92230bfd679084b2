// A JSON value as a tree that opens and closes, with the places of a searched text opened and marked.

import { useMemo, useState } from "preact/hooks";

import type { Json } from "./api";
import { CopyButton } from "./parts";

const MAX_ITEMS = 100;
const MAX_TEXT = 400;

function hasText(value: Json, text: string): boolean {
  if (value !== null && typeof value === "object") {
    return Array.isArray(value) ? value.some((item) => hasText(item, text)) : Object.entries(value).some(([name, item]) => name.toLowerCase().includes(text) || hasText(item, text));
  }
  return String(value).toLowerCase().includes(text);
}

function Marked({ text, search }: { text: string; search: string }) {
  const place = search ? text.toLowerCase().indexOf(search) : -1;
  if (place < 0) return <>{text}</>;
  return (
    <>
      {text.slice(0, place)}
      <mark>{text.slice(place, place + search.length)}</mark>
      {text.slice(place + search.length)}
    </>
  );
}

function Scalar({ value, search }: { value: null | boolean | number | string; search: string }) {
  const [whole, setWhole] = useState(false);
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  const cut = !whole && text.length > MAX_TEXT;
  return (
    <span class={`json-${value === null ? "null" : typeof value}`}>
      <Marked text={cut ? text.slice(0, MAX_TEXT) : text} search={search} />
      {cut && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          … {text.length - MAX_TEXT} more characters
        </button>
      )}
    </span>
  );
}

function Branch({ name, value, depth, search }: { name: string | null; value: Json; depth: number; search: string }) {
  const [opened, setOpened] = useState<boolean | null>(null);
  const [count, setCount] = useState(MAX_ITEMS);
  const label = name === null ? null : (
    <span class="json-name">
      <Marked text={name} search={search} />
      :{" "}
    </span>
  );
  if (value === null || typeof value !== "object") {
    return (
      <div class="json-leaf">
        {label}
        <Scalar value={value} search={search} />
      </div>
    );
  }
  const entries: [string, Json][] = Array.isArray(value) ? value.map((item, place) => [String(place), item]) : Object.entries(value);
  const summary = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  if (!entries.length) {
    return (
      <div class="json-leaf">
        {label}
        <span class="soft">{Array.isArray(value) ? "[]" : "{}"}</span>
      </div>
    );
  }
  const isOpen = opened ?? (search ? hasText(value, search) : depth < 2 && entries.length <= 30);
  return (
    <details class="json-branch" open={isOpen} onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary>
        {label}
        <span class="soft">{summary}</span>
      </summary>
      {isOpen && (
        <div class="json-items">
          {entries.slice(0, count).map(([key, item]) => (
            <Branch key={key} name={key} value={item} depth={depth + 1} search={search} />
          ))}
          {entries.length > count && (
            <button type="button" class="link" onClick={() => setCount(count + 10 * MAX_ITEMS)}>
              {entries.length - count} more
            </button>
          )}
        </div>
      )}
    </details>
  );
}

export function JsonTree({ value, search = "" }: { value: Json; search?: string }) {
  const text = search.trim().toLowerCase();
  // A new search opens the tree anew.
  return useMemo(
    () => (
      <div class="json" key={text}>
        <Branch name={null} value={value} depth={0} search={text} />
        <CopyButton text={() => JSON.stringify(value, null, 2)} label="Copy JSON" />
      </div>
    ),
    [value, text],
  );
}
