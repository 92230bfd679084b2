// The events of a run: operations of modules, and the decisions between them.

import type { Decision, Step, Trace } from "./api";

export type RunEvent = ({ kind: "step" } & Step) | ({ kind: "decision" } & Decision);

/** Events in the order in which they happened: a decision stands before the step of its number. */
export function eventsOf(trace: Trace): RunEvent[] {
  const events: RunEvent[] = [];
  let next = 0;
  trace.steps.forEach((step, place) => {
    for (; next < trace.decisions.length && (trace.decisions[next]?.step ?? 0) <= place; next++) events.push({ kind: "decision", ...(trace.decisions[next] as Decision) });
    events.push({ kind: "step", ...step });
  });
  for (; next < trace.decisions.length; next++) events.push({ kind: "decision", ...(trace.decisions[next] as Decision) });
  return events;
}

export function toneOf(event: RunEvent): string {
  if (event.kind === "step") return event.error === null ? "good" : "bad";
  if (event.passed === false) return "warn";
  return event.event === "handler" || event.event === "error handled" ? "warn" : "soft";
}
