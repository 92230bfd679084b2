// The bundles of one module in a run, by the number of its operation: what it got, and what it gave.

import { useEffect, useState } from "preact/hooks";

import type { Json, RunLink, Step, World } from "./api";
import { href } from "./hooks";
import { JsonTree } from "./json_tree";
import { Empty, Status } from "./parts";

/** Operations of a page: a module may have thousands. */
const PAGE = 20;

interface BundlesProps {
  world: World;
  steps: readonly Step[];
  search: string;
  calls: readonly RunLink[];
  /** The operation that is opened first. */
  operation: number | null;
}

export function ModuleBundles({ world, steps, search, calls, operation }: BundlesProps) {
  const place = Math.max(0, steps.findIndex((step) => step.operation === operation));
  const [first, setFirst] = useState(0);
  useEffect(() => setFirst(Math.floor(place / PAGE) * PAGE), [place, steps]);
  if (!steps.length) return <Empty>The run did not reach this module.</Empty>;
  return (
    <>
      {steps.length > PAGE && (
        <div class="row">
          <button type="button" class="small" disabled={first === 0} onClick={() => setFirst(first - PAGE)}>
            Before
          </button>
          <span class="soft">
            operations {first + 1} to {Math.min(first + PAGE, steps.length)} of {steps.length}
          </span>
          <button type="button" class="small" disabled={first + PAGE >= steps.length} onClick={() => setFirst(first + PAGE)}>
            Next
          </button>
        </div>
      )}
      {steps.slice(first, first + PAGE).map((step, offset) => (
        <details key={first + offset} class="operation" open={first + offset === place}>
          <summary>
            <b>Operation {step.operation}</b> <span class="soft">{summary(step)}</span>
          </summary>
          <StepData world={world} step={step} search={search} calls={calls} />
        </details>
      ))}
    </>
  );
}

function summary(step: Step): string {
  const parts = [
    step.cycle > 1 ? `cycle ${step.cycle}` : "",
    step.bundle ? `bundle ${step.bundle.number} of ${step.bundle.of} of module ${step.bundle.moduleId}` : "",
    step.error ? step.error.name : `${step.output.length} out`,
  ];
  return parts.filter(Boolean).join(", ");
}

export function StepData({ world, step, search, calls }: { world: World; step: Step; search: string; calls: readonly RunLink[] }) {
  const called = calls.find((run) => run.id === step.called);
  return (
    <div class="detail">
      {step.error && (
        <div class="problem">
          <b>{step.error.name}</b>: {step.error.message}
          {step.error.issues?.map((text) => <div key={text}>{text}</div>)}
          {step.error.hint && <div>{step.error.hint}</div>}
        </div>
      )}
      {step.input !== null && (
        <>
          <h3>In</h3>
          <JsonTree value={step.input} search={search} />
        </>
      )}
      <h3>
        Out <span class="soft">({step.output.length === 1 ? "1 bundle" : `${step.output.length} bundles`})</span>
      </h3>
      {step.output.length > 0 && <JsonTree value={step.output.length === 1 ? (step.output[0] as Json) : step.output} search={search} />}
      {called && (
        <p>
          It called <LinkedRun world={world} run={called} />.
        </p>
      )}
    </div>
  );
}

export function LinkedRun({ world, run }: { world: World; run: RunLink }) {
  return (
    <>
      <a href={href("w", world.name, "scenarios", run.scenarioId, "runs", run.id)}>{run.scenarioName || `scenario ${run.scenarioId}`}</a> <Status status={run.status} />
    </>
  );
}
