/** What a failed test shows of a world: its request log, and its failed runs. */

import type { RequestRow, Run } from './types.js';
import type { World } from './world.js';

/** The most requests that are shown. */
const MAX_REQUESTS = 50;

/** Returns the request log of a world, and its failed runs, as text. */
export async function describeWorldActivity(world: World): Promise<string> {
  let rows: RequestRow[];
  let failed: Run[] = [];
  try {
    rows = await world.requests.all();
    const [first] = rows;
    if (first !== undefined) {
      // The seed has runs of its own, which are older.
      failed = (await world.executions({ status: 'ERROR' })).filter((run) => run.at >= first.at);
    }
  } catch (error) {
    return `The request log of the world ${world.name} could not be read: ${(error as Error).message}`;
  }
  const shown = rows.slice(-MAX_REQUESTS).map((row) => `  ${row.sentence}`);
  const heading = shown.length < rows.length ? `, the last ${shown.length} of ${rows.length}` : '';
  const lines = [`Requests to the Make world${heading}:`, ...(shown.length === 0 ? ['  none'] : shown)];
  if (failed.length > 0) {
    lines.push('Failed runs in the Make world:', ...failed.map((run) => `  ${run.sentence}`));
  }
  return lines.join('\n');
}

/** Adds a text to the message of an error, which a test runner shows. */
export function appendToError(error: { message?: string; stack?: string | undefined }, text: string): void {
  const message = error.message ?? '';
  const extended = message === '' ? text : `${message}\n\n${text}`;
  const stack = error.stack;
  try {
    error.message = extended;
    if (stack !== undefined) {
      const place = message === '' ? -1 : stack.indexOf(message);
      error.stack =
        place >= 0
          ? stack.slice(0, place) + extended + stack.slice(place + message.length)
          : `${extended}\n${stack}`;
    }
  } catch {
    // A frozen error stays as it is.
  }
}
