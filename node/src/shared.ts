/** The server of a test run, which all its workers use. */

import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startEmulator, type Emulator, type StartOptions } from './emulator.js';
import { EmulatorStartError } from './program.js';

/** Environment variables by which the workers of a test run find its server. */
const URL_VARIABLE = 'MAKE_EMULATOR_URL';
const KEY_VARIABLE = 'MAKE_EMULATOR_CONTROL_KEY';
const CA_VARIABLE = 'MAKE_EMULATOR_CA_FILE';

/** File of further CAs, which Node reads at the start of a process. */
const EXTRA_CA_VARIABLE = 'NODE_EXTRA_CA_CERTS';

/** Starts the server of a test run; returns a function that stops it. The processes of the workers inherit its address. */
export async function startShared(options: StartOptions = {}): Promise<() => Promise<void>> {
  const emulator = await startEmulator(options);
  const before = [URL_VARIABLE, KEY_VARIABLE, CA_VARIABLE, EXTRA_CA_VARIABLE].map((name) => [name, process.env[name]] as const);
  set(URL_VARIABLE, emulator.url);
  set(KEY_VARIABLE, emulator.controlKey);
  set(CA_VARIABLE, emulator.caFile);
  const folder = emulator.caFile === undefined ? undefined : await mkdtemp(join(tmpdir(), 'make-emulator-ca-'));
  if (emulator.caFile !== undefined && folder !== undefined) {
    // The clients under test trust the server in the processes of the workers, and what they trusted before.
    const file = join(folder, 'ca.pem');
    const others = process.env[EXTRA_CA_VARIABLE];
    await writeFile(file, [others, emulator.caFile].map(readIfGiven).join('\n'));
    set(EXTRA_CA_VARIABLE, file);
  }
  return async () => {
    for (const [name, value] of before) {
      set(name, value);
    }
    await emulator.stop();
    if (folder !== undefined) {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

function readIfGiven(file: string | undefined): string {
  return file === undefined || file === '' ? '' : readFileSync(file, 'utf8');
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
