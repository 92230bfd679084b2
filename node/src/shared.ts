/** The server of a test run, which all its workers use. */

import { startEmulator, type Emulator, type StartOptions } from './emulator.js';
import { EmulatorStartError } from './program.js';

/** Environment variables by which the workers of a test run find its server. */
const URL_VARIABLE = 'MAKE_EMULATOR_URL';
const KEY_VARIABLE = 'MAKE_EMULATOR_CONTROL_KEY';
const CA_VARIABLE = 'MAKE_EMULATOR_CA_FILE';

/** Starts the server of a test run; returns a function that stops it. The processes of the workers inherit its address. */
export async function startShared(options: StartOptions = {}): Promise<() => Promise<void>> {
  const emulator = await startEmulator(options);
  const before = [URL_VARIABLE, KEY_VARIABLE, CA_VARIABLE].map((name) => [name, process.env[name]] as const);
  set(URL_VARIABLE, emulator.url);
  set(KEY_VARIABLE, emulator.controlKey);
  set(CA_VARIABLE, emulator.caFile);
  return async () => {
    for (const [name, value] of before) {
      set(name, value);
    }
    await emulator.stop();
  };
}

let shared: Promise<Emulator> | undefined;

/**
 * Returns the server of the test run.
 *
 * @param setup - the lines that start one, for the error of a run without.
 */
export async function sharedEmulator(setup: string): Promise<Emulator> {
  const url = process.env[URL_VARIABLE];
  if (url === undefined || url === '') {
    // Not started here: a test has a time-out, and each worker would have a server of its own.
    throw new EmulatorStartError(`No emulator was started for this test run. Add ${setup}, or set ${URL_VARIABLE}.`);
  }
  shared ??= startEmulator({ url, caFile: process.env[CA_VARIABLE] });
  return shared;
}

function set(name: string, value: string | undefined): void {
  if (value === undefined) {
    delete process.env[name];
  } else {
    process.env[name] = value;
  }
}
