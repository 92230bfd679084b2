/** Global set-up of jest: starts one server for the test run. Options are in `globals.makeEmulator` of the configuration. */

import type { StartOptions } from '../emulator.js';
import { startShared } from '../shared.js';
import { setStop } from './stop.js';

interface ProjectConfig {
  globals?: { makeEmulator?: StartOptions };
}

export default async function setup(_globalConfig: unknown, project?: ProjectConfig): Promise<void> {
  setStop(await startShared(project?.globals?.makeEmulator));
}
