// Data stores with their records, and the variables of a team and an organization.

import { useState } from "preact/hooks";

import type { Json, World } from "./api";
import { make } from "./api";
import { href, useAction, useMake } from "./hooks";
import { CopyButton, Empty, parseJson, Problem } from "./parts";

interface DataStore {
  id: number;
  name: string;
  records: number;
  size: string | number;
  maxSize: string | number;
}

interface StoredRecord {
  key: string;
  data: Json;
}

const PAGE = 50;

export function DataPage({ world, storeId, tick, refresh }: { world: World; storeId: string | null; tick: number; refresh: () => void }) {
  const list = useMake<{ dataStores: DataStore[] }>(world, world.teamId === null ? null : `/data-stores?teamId=${world.teamId}&pg[limit]=1000`, tick);
  return (
    <main>
      <h1>Data stores</h1>
      <Problem error={list.error} />
      {list.data?.dataStores.length === 0 && <Empty>No data stores.</Empty>}
      <div class="chips">
        {list.data?.dataStores.map((store) => (
          <a key={store.id} class="chip" href={href("w", world.name, "data", store.id)} aria-current={String(store.id) === storeId ? "page" : undefined}>
            {store.name} <span class="soft">{store.records}</span>
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
  const list = useMake<{ records: StoredRecord[]; count: number }>(world, `${base}?pg[limit]=${PAGE}&pg[offset]=${offset}`, tick);
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
        <span class="soft">{list.data?.count ?? ""}</span>
        <span class="grow" />
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
      {list.data && list.data.count > PAGE && (
        <div class="row pages">
          <button type="button" disabled={offset === 0} onClick={() => setOffset(Math.max(0, offset - PAGE))}>
            Before
          </button>
          <button type="button" disabled={offset + PAGE >= list.data.count} onClick={() => setOffset(offset + PAGE)}>
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

interface Variable {
  name: string;
  typeId: number;
  value: Json;
  isSystem?: boolean;
}

function Variables({ world, tick, refresh }: { world: World; tick: number; refresh: () => void }) {
  const base = world.teamId === null ? null : `/teams/${world.teamId}/variables`;
  const list = useMake<{ teamVariables: Variable[] }>(world, base, tick);
  const [edited, setEdited] = useState<{ name: string; value: string; isNew: boolean } | null>(null);
  const action = useAction();
  const rows = list.data?.teamVariables.filter((row) => !row.isSystem) ?? [];
  return (
    <section class="card">
      <div class="row">
        <h2>Variables of the team</h2>
        <span class="grow" />
        <button type="button" onClick={() => setEdited({ name: "", value: "", isNew: true })}>
          New variable
        </button>
      </div>
      <Problem error={action.error ?? list.error} />
      {edited && base && (
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault();
            void action.run(async () => {
              const body = { name: edited.name, typeId: 2, value: edited.value };
              if (edited.isNew) await make(world, base, { method: "POST", body });
              else await make(world, `${base}/${encodeURIComponent(edited.name)}`, { method: "PATCH", body: { typeId: 2, value: edited.value } });
              setEdited(null);
              list.reload();
              refresh();
            });
          }}
        >
          <input aria-label="Name" placeholder="name" value={edited.name} disabled={!edited.isNew} onInput={(event) => setEdited({ ...edited, name: event.currentTarget.value })} />
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
                <button type="button" class="small" onClick={() => setEdited({ name: row.name, value: String(row.value), isNew: false })}>
                  Edit
                </button>{" "}
                <CopyButton text={`{{var.team.${row.name}}}`} label="Copy formula" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
