/** Fixtures for vitest: `test` with an emulator and a world of the test's own. */

import { test as base } from 'vitest';

import type { Emulator, WorldOptions } from '../emulator.js';
import { ControlError } from '../control.js';
import { appendToError, describeWorldActivity } from '../report.js';
import { sharedEmulator } from '../shared.js';
import type { World } from '../world.js';

const SETUP = "the plugin to vitest.config: plugins: [makeEmulator()], from 'make-emulator/vitest/plugin'";

export interface MakeFixtures {
  /** Server of the test run. */
  emulator: Emulator;
  /** Isolated world of this test; a failed test shows its requests. */
  world: World;
  /** Options of the world: override it with `test.extend` or `test.scoped`. */
  worldOptions: WorldOptions;
}

export const test = base.extend<MakeFixtures>({
  // eslint-disable-next-line no-empty-pattern
  emulator: async ({}, use) => {
    await use(await sharedEmulator(SETUP));
  },
  worldOptions: {},
  world: async ({ emulator, worldOptions, task }, use) => {
    const world = await emulator.createWorld(worldOptions);
    await use(world);
    const errors = task.result?.errors ?? [];
    if (errors[0] !== undefined) {
      appendToError(errors[0], await describeWorldActivity(world));
    }
    await deleteWorld(world);
  },
});

export const it = test;

/** Deletes a world, unless the test has deleted it, or the server is gone. */
async function deleteWorld(world: World): Promise<void> {
  try {
    await world.delete();
  } catch (error) {
    if (!(error instanceof ControlError)) {
      throw error;
    }
  }
}
