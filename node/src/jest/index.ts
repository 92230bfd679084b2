/** Helpers for jest: a world of its own for each test. */

import { ControlError } from '../control.js';
import type { Emulator, WorldOptions } from '../emulator.js';
import { sharedEmulator } from '../shared.js';
import type { World } from '../world.js';
import { openWorlds } from './open-worlds.js';

const SETUP = "preset: 'make-emulator' to the configuration of jest";

export interface TestWorld {
  /** Server of the test run. */
  readonly emulator: Emulator;
  /** Isolated world of the running test. */
  readonly world: World;
}

type Hook = (callback: () => Promise<void>) => void;

/**
 * Gives each test of the file, or of the `describe` block, an isolated world.
 *
 * @example const make = useWorld({ plan: 'core' }); test('…', async () => { await make.world.run(1); });
 */
export function useWorld(options: WorldOptions = {}): TestWorld {
  const { beforeEach, afterEach } = globalThis as unknown as { beforeEach?: Hook; afterEach?: Hook };
  if (beforeEach === undefined || afterEach === undefined) {
    throw new Error('useWorld is called in a test file, beside the tests or in a describe block; it needs the globals of jest');
  }
  let emulator: Emulator | undefined;
  let world: World | undefined;
  beforeEach(async () => {
    emulator = await sharedEmulator(SETUP);
    world = await emulator.createWorld(options);
    openWorlds().add(world);
  });
  afterEach(async () => {
    if (world === undefined) {
      return;
    }
    openWorlds().delete(world);
    try {
      await world.delete();
    } catch (error) {
      // The test may have deleted it, and a server elsewhere may be gone.
      if (!(error instanceof ControlError)) {
        throw error;
      }
    }
    world = undefined;
  });
  const current = <Value>(value: Value | undefined): Value => {
    if (value === undefined) {
      throw new Error('there is a world only while a test runs: read it in the test, or in beforeEach');
    }
    return value;
  };
  return {
    get emulator() {
      return current(emulator);
    },
    get world() {
      return current(world);
    },
  };
}
