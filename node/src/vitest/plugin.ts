/** Plugin for the configuration of vitest: one server for the whole test run. */

import type { StartOptions } from '../emulator.js';

/** Environment variable that carries the options to the global set-up. */
export const OPTIONS_VARIABLE = 'MAKE_EMULATOR_START_OPTIONS';

export interface MakeEmulatorPlugin {
  name: 'make-emulator';
  config(): { test: { globalSetup: string[] } };
}

/**
 * Starts one emulator before the test run and stops it afterwards. Options are JSON: they say how the server is started.
 *
 * @example defineConfig({ plugins: [makeEmulator({ seed: 'default' })] })
 */
export function makeEmulator(options: StartOptions = {}): MakeEmulatorPlugin {
  return {
    name: 'make-emulator',
    config() {
      process.env[OPTIONS_VARIABLE] = JSON.stringify(options);
      return { test: { globalSetup: ['make-emulator/vitest/global-setup'] } };
    },
  };
}
