// Data stores with their records, and the variables of a team and an organization.

import { useState } from "preact/hooks";

import type { Json, OwnedVariable, StoredData, StoredRecord, World } from "./api";
import { make, worldPath } from "./api";
import { href, useAction, useControl } from "./hooks";
import { CopyButton, Empty, parseJson, Problem } from "./parts";

const PAGE = 50;

export function DataPage({ world, storeId, tick, refresh }: { world: World; storeId: string | null; tick: number; refresh: () => void }) {
  const list = useControl<{ dataStores: StoredData[] }>(`${worldPath(world.name)}/data-stores`, tick);
  return (
    <main>
      <h1>Data stores</h1>
      <Problem error={list.error} />
      {list.data?.dataStores.length === 0 && <Empty>No data stores.</Empty>}
      <div class="chips">
        {list.data?.dataStores.map((store) => (
          <a key={store.id} class="chip" href={href("w", world.name, "data", store.id)} aria-current={String(store.id) === storeId ? "page" : undefined}>
            <span title={`Team ${store.teamName}`}>{store.name}</span> <span class="soft">{store.records}</span>
          </a>
        ))}
      </div>
      {storeId !== null && <Records key={storeId} world={world} storeId={storeId} tick={tick} refresh={refresh} />}
      <Variables world={world} tick={tick} refresh={refresh} />
    </main>
  );
}

function Records({ world, storeId, tick, refresh }: { world: World; storeId: string; tick: number; refresh: () => void }) {
  const [offset, setOffset] = useState(0);
  const base = `/data-stores/${encodeURIComponent(storeId)}/data`;
  const [text, setText] = useState("");
  const shown = `${worldPath(world.name)}/data-stores/${encodeURIComponent(storeId)}/records?limit=${PAGE}&offset=${offset}&q=${encodeURIComponent(text)}`;
  const list = useControl<{ records: StoredRecord[]; total: number }>(shown, tick);
  const [edited, setEdited] = useState<{ key: string; text: string; isNew: boolean } | null>(null);
  const action = useAction();
  const done = () => {
    setEdited(null);
    list.reload();
    refresh();
  };
  const save = (record: { key: string; text: string; isNew: boolean }) =>
    void action.run(async () => {
      const data = parseJson(record.text, "The record");
      if (record.isNew) await make(world, base, { method: "POST", body: { ...(record.key && { key: record.key }), data } });
      else await make(world, `${base}/${encodeURIComponent(record.key)}`, { method: "PUT", body: data });
      done();
    });
  return (
    <section class="card">
      <div class="row">
        <h2>Records</h2>
        <span class="soft">{list.data?.total ?? ""}</span>
        <span class="grow" />
        <input
          type="search"
          placeholder="Search"
          aria-label="Search in the records"
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            setOffset(0);
          }}
        />
        <button type="button" onClick={() => setEdited({ key: "", text: "{}", isNew: true })}>
          New record
        </button>
      </div>
      <Problem error={action.error ?? list.error} />
      {edited && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            save(edited);
          }}
        >
          <label class="field">
            Key
            <input value={edited.key} disabled={!edited.isNew} placeholder="made by the data store" onInput={(event) => setEdited({ ...edited, key: event.currentTarget.value })} />
          </label>
          <label class="field">
            Data
            <textarea class="code" rows={8} value={edited.text} onInput={(event) => setEdited({ ...edited, text: event.currentTarget.value })} />
          </label>
          <div class="row">
            <button type="submit" class="primary" disabled={action.busy}>
              Save
            </button>
            <button type="button" onClick={() => setEdited(null)}>
              Cancel
            </button>
          </div>
        </form>
      )}
      {list.data?.records.length === 0 && <Empty>No records.</Empty>}
      <div class="scroll">
        <table class="list">
          <tbody>
            {list.data?.records.map((record) => (
              <tr key={record.key}>
                <td class="anywhere">
                  <code>{record.key}</code>
                </td>
                <td class="grow-cell anywhere">
                  <code>{shortened(record.data)}</code>
                </td>
                <td class="nowrap">
                  <button type="button" class="small" onClick={() => setEdited({ key: record.key, text: JSON.stringify(record.data, null, 2), isNew: false })}>
                    Edit
                  </button>{" "}
                  <button
                    type="button"
                    class="small"
                    disabled={action.busy}
                    aria-label={`Delete ${record.key}`}
                    onClick={() =>
                      void action.run(async () => {
                        await make(world, `${base}?confirmed=true`, { method: "DELETE", body: { keys: [record.key] } });
                        done();
                      })
                    }
                  >
                    Delete
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {list.data && list.data.total > PAGE && (
        <div class="row pages">
          <button type="button" disabled={offset === 0} onClick={() => setOffset(Math.max(0, offset - PAGE))}>
            Before
          </button>
          <button type="button" disabled={offset + PAGE >= list.data.total} onClick={() => setOffset(offset + PAGE)}>
            Next
          </button>
        </div>
      )}
    </section>
  );
}

function shortened(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

const variablesPath = (owner: string, id: number): string => `/${owner}s/${id}/variables`;

/** A value as its type has it; one that is none of it is sent as it is, and the emulator says what is wrong. */
function typedValue(typeId: number, text: string): Json {
  if (typeId !== 1 && typeId !== 3) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function Variables({ world, tick, refresh }: { world: World; tick: number; refresh: () => void }) {
  const list = useControl<{ variables: OwnedVariable[] }>(`${worldPath(world.name)}/variables`, tick);
  const owners: ["team" | "organization", number | null][] = [
    ["team", world.teamId],
    ["organization", world.organizationId],
  ];
  return (
    <>
      <Problem error={list.error} />
      {owners.map(([owner, id]) =>
        id === null ? null : (
          <OwnVariables
            key={owner}
            world={world}
            owner={owner}
            ownerId={id}
            rows={(list.data?.variables ?? []).filter((row) => row.owner === owner && row.ownerId === id)}
            onChange={() => {
              list.reload();
              refresh();
            }}
          />
        ),
      )}
    </>
  );
}

interface OwnVariablesProps {
  world: World;
  owner: "team" | "organization";
  ownerId: number;
  rows: readonly OwnedVariable[];
  onChange: () => void;
}

function OwnVariables({ world, owner, ownerId, rows, onChange }: OwnVariablesProps) {
  const base = variablesPath(owner, ownerId);
  const [edited, setEdited] = useState<{ name: string; typeId: number; value: string; isNew: boolean } | null>(null);
  const action = useAction();
  const label = `Variables of the ${owner}`;
  return (
    <section class="card" aria-label={label}>
      <div class="row">
        <h2>{label}</h2>
        <span class="grow" />
        <button type="button" onClick={() => setEdited({ name: "", typeId: 2, value: "", isNew: true })}>
          New variable
        </button>
      </div>
      <Problem error={action.error} />
      {edited && (
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            void action.run(async () => {
              const body = { typeId: edited.typeId, value: typedValue(edited.typeId, edited.value) };
              if (edited.isNew) await make(world, base, { method: "POST", body: { name: edited.name, ...body } });
              else await make(world, `${base}/${encodeURIComponent(edited.name)}`, { method: "PATCH", body });
              setEdited(null);
              onChange();
            });
          }}
        >
          <input aria-label="Name" placeholder="name" value={edited.name} disabled={!edited.isNew} onInput={(event) => setEdited({ ...edited, name: event.currentTarget.value })} />
          <select aria-label="Type" value={String(edited.typeId)} onChange={(event) => setEdited({ ...edited, typeId: Number(event.currentTarget.value) })}>
            <option value="2">text</option>
            <option value="1">number</option>
            <option value="3">boolean</option>
            <option value="4">date</option>
          </select>
          <input aria-label="Value" class="grow" placeholder="value" value={edited.value} onInput={(event) => setEdited({ ...edited, value: event.currentTarget.value })} />
          <button type="submit" class="primary" disabled={action.busy}>
            Save
          </button>
          <button type="button" onClick={() => setEdited(null)}>
            Cancel
          </button>
        </form>
      )}
      {rows.length === 0 && <Empty>None.</Empty>}
      <table class="list">
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <td>
                <code>{row.name}</code>
              </td>
              <td class="grow-cell anywhere">
                <code>{JSON.stringify(row.value)}</code>
              </td>
              <td class="nowrap">
                <button type="button" class="small" onClick={() => setEdited({ name: row.name, typeId: row.typeId, value: String(row.value), isNew: false })}>
                  Edit
                </button>{" "}
                <CopyButton text={`{{var.${owner}.${row.name}}}`} label="Copy formula" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
