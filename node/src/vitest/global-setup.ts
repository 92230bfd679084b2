/** Global set-up of vitest: starts one server for the test run. */

import type { StartOptions } from '../emulator.js';
import { startShared } from '../shared.js';
import { OPTIONS_VARIABLE } from './plugin.js';

/** Starts the server; vitest calls the function that is returned at the end. */
export async function setup(): Promise<() => Promise<void>> {
  return startShared(JSON.parse(process.env[OPTIONS_VARIABLE] ?? '{}') as StartOptions);
}
