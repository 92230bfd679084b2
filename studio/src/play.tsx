// Forms that start runs: with the scenario's inputs, or by a request to its hook.

import { useState } from "preact/hooks";

import type { FieldSpec, Json, Scenario, World } from "./api";
import { ApiError, control, make, worldPath } from "./api";
import { useAction } from "./hooks";
import { JsonTree } from "./json_tree";
import { CopyButton, Labelled, parseJson, Problem } from "./parts";
import { curlCommand } from "./snippets";

function initial(spec: FieldSpec): string {
  if (spec.default === undefined || spec.default === null) return "";
  return typeof spec.default === "string" ? spec.default : JSON.stringify(spec.default);
}

/** The value of a field as its type has it; a text that is none of the type is sent as it is, and the emulator says what is wrong. */
function typed(spec: FieldSpec, text: string): Json {
  if (/^(text|string|email|url|uuid|date|filename|folder)$/.test(spec.type ?? "text")) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

export function InputForm({ world, scenario, onDone }: { world: World; scenario: Scenario; onDone: (executionId: string | undefined) => void }) {
  const [values, setValues] = useState<Record<string, string>>(() => Object.fromEntries(scenario.inputs.map((spec) => [spec.name, initial(spec)])));
  const [answer, setAnswer] = useState<Json | undefined>(undefined);
  const action = useAction();
  const run = () =>
    void action.run(async () => {
      setAnswer(undefined);
      const data = Object.fromEntries(scenario.inputs.filter((spec) => values[spec.name] !== "").map((spec) => [spec.name, typed(spec, values[spec.name] ?? "")]));
      const result = await make<{ executionId?: string; outputs?: Json }>(world, `/scenarios/${scenario.id}/run`, { method: "POST", body: { data, responsive: true } });
      setAnswer(result.outputs);
      onDone(result.executionId);
    });
  return (
    <form
      class="inputs"
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
    >
      <h3>Run now</h3>
      {scenario.inputs.map((spec) => (
        <label key={spec.name} class="field">
          {spec.label || spec.name}
          {spec.required && <span class="bad"> *</span>} <span class="soft">{spec.type ?? "text"}</span>
          {spec.type === "boolean" ? (
            <select value={values[spec.name] ?? ""} onChange={(event) => setValues({ ...values, [spec.name]: event.currentTarget.value })}>
              <option value="">not set</option>
              <option value="true">true</option>
              <option value="false">false</option>
            </select>
          ) : spec.multiline || /^(array|collection|any|json)$/.test(spec.type ?? "") ? (
            <textarea class="code" rows={3} value={values[spec.name] ?? ""} onInput={(event) => setValues({ ...values, [spec.name]: event.currentTarget.value })} />
          ) : (
            <input value={values[spec.name] ?? ""} onInput={(event) => setValues({ ...values, [spec.name]: event.currentTarget.value })} />
          )}
          {spec.help && <span class="soft">{spec.help}</span>}
        </label>
      ))}
      <div class="row">
        <button type="submit" class="primary" disabled={action.busy}>
          {action.busy ? "Running …" : "Run once"}
        </button>
        {scenario.inputs.length === 0 && <span class="soft">The scenario takes no inputs.</span>}
      </div>
      <Problem error={action.error} />
      {answer !== undefined && answer !== null && (
        <>
          <h3>Outputs</h3>
          <JsonTree value={answer} />
        </>
      )}
    </form>
  );
}

interface HookFormProps {
  world: World;
  hook: { id: number; name: string; type: string; address: string };
  onSent: () => void;
}

/** A mail to a mailhook, delivered as SMTP delivers it. */
function MailForm({ world, hook, onSent }: HookFormProps) {
  const [mail, setMail] = useState({ from: "Ada <ada@example.com>", subject: "Hello", text: "A test mail." });
  const [reply, setReply] = useState("");
  const action = useAction();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void action.run(async () => {
          setReply("");
          const answer = await control<{ reply: string }>(`${worldPath(world.name)}/hooks/${hook.id}/mail`, { method: "POST", body: mail });
          setReply(answer.reply);
          onSent();
        });
      }}
    >
      <h3>Send to the mailhook</h3>
      <p>
        <code class="anywhere">{hook.address}</code> <CopyButton text={hook.address} />
      </p>
      <label class="field">
        From
        <input value={mail.from} onInput={(event) => setMail({ ...mail, from: event.currentTarget.value })} />
      </label>
      <label class="field">
        Subject
        <input value={mail.subject} onInput={(event) => setMail({ ...mail, subject: event.currentTarget.value })} />
      </label>
      <label class="field">
        Text
        <textarea rows={4} value={mail.text} onInput={(event) => setMail({ ...mail, text: event.currentTarget.value })} />
      </label>
      <div class="row">
        <button type="submit" class="primary" disabled={action.busy}>
          Send the mail
        </button>
        {reply && (
          <span class="good" role="status">
            Answered {reply}
          </span>
        )}
      </div>
      <Problem error={action.error} />
      <p class="soft">
        Real mails reach it over SMTP: start the server with <code>--smtp-port</code>.
      </p>
    </form>
  );
}

export function HookForm(props: HookFormProps) {
  return props.hook.type === "mail" ? <MailForm {...props} /> : <WebhookForm {...props} />;
}

function WebhookForm({ hook, onSent }: HookFormProps) {
  const [method, setMethod] = useState("POST");
  const [query, setQuery] = useState("");
  const [body, setBody] = useState('{"name": "Zoe"}');
  const [answer, setAnswer] = useState<{ status: number; text: string } | null>(null);
  const action = useAction();
  const url = hook.address + (query ? `?${query.replace(/^\?/, "")}` : "");
  const hasBody = method !== "GET";
  // A page of the emulator reaches its hooks at its own origin only.
  const target = new URL(url, location.href);
  const send = () =>
    void action.run(async () => {
      if (hasBody && body) parseJson(body, "The body");
      const init: RequestInit = { method, ...(hasBody ? { body, headers: { "Content-Type": "application/json" } } : {}) };
      let response: Response;
      try {
        response = await fetch(target.pathname + target.search, init);
      } catch {
        throw new ApiError(0, "The hook does not answer.");
      }
      setAnswer({ status: response.status, text: await response.text() });
      onSent();
    });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <h3>Send to the webhook</h3>
      <p>
        <code class="anywhere">{hook.address}</code> <CopyButton text={hook.address} />
      </p>
      <div class="row">
        <Labelled text="Method">
          <select aria-label="Method" value={method} onChange={(event) => setMethod(event.currentTarget.value)}>
            {["POST", "GET", "PUT", "PATCH", "DELETE"].map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </Labelled>
        <Labelled text="Query" grow>
          <input placeholder="a=1&b=2" aria-label="Query" value={query} onInput={(event) => setQuery(event.currentTarget.value)} />
        </Labelled>
      </div>
      {hasBody && (
        <Labelled text="Body as JSON">
          <textarea class="code" rows={5} aria-label="Body as JSON" value={body} onInput={(event) => setBody(event.currentTarget.value)} />
        </Labelled>
      )}
      <div class="row">
        <button type="submit" class="primary" disabled={action.busy}>
          Send
        </button>
        <CopyButton text={curlCommand(method, url, hasBody ? body : null, {})} label="Copy as curl" />
      </div>
      <Problem error={action.error} />
      {answer && (
        <p role="status">
          Answered <b class={answer.status < 400 ? "good" : "bad"}>{answer.status}</b> <code class="anywhere">{answer.text.slice(0, 2000)}</code>
        </p>
      )}
    </form>
  );
}
