/** Fixtures for vitest: `test` with an emulator and a world of the test's own. */

import { test as base, type TestAPI } from 'vitest';

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
}

/**
 * Returns a `test` whose worlds are made with these options.
 *
 * @example const test = createTest({ plan: 'core', scopes: ['scenarios:read'] });
 */
export function createTest(options: WorldOptions = {}): TestAPI<MakeFixtures> {
  return base.extend<MakeFixtures>({
    // Vitest reads from the pattern which fixtures it needs.
    emulator: async ({}, use) => {
      await use(await sharedEmulator(SETUP));
    },
    world: async ({ emulator, task }, use) => {
      const world = await emulator.createWorld(options);
      await use(world);
      const errors = task.result?.errors ?? [];
      if (errors[0] !== undefined) {
        appendToError(errors[0], await describeWorldActivity(world));
      }
      await deleteWorld(world);
    },
  });
}

export const test: TestAPI<MakeFixtures> = createTest();
export const it: TestAPI<MakeFixtures> = test;

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
