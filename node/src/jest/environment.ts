/** Test environment of jest that shows the requests of the test's world under a failed test. */

import { TestEnvironment } from 'jest-environment-node';

import { appendToError, describeWorldActivity } from '../report.js';
import { openWorlds } from './open-worlds.js';

/** Event of jest-circus, as far as it is used. */
interface CircusEvent {
  name: string;
  error?: unknown;
}

/** Environment class of jest, as far as it is used. */
interface Environment {
  global: object;
  handleTestEvent?(event: never, state: never): void | Promise<void>;
}

/**
 * Returns an environment, such as that of jest-environment-jsdom, that shows the requests of a failed test's world.
 *
 * @example module.exports = withMakeEmulator(require('jest-environment-jsdom').TestEnvironment)
 */
export function withMakeEmulator<Base extends new (...args: any[]) => Environment>(base: Base): Base {
  abstract class MakeEmulatorEnvironment extends base {
    override async handleTestEvent(event: never, state: never): Promise<void> {
      await super.handleTestEvent?.(event, state);
      const { name, error } = event as CircusEvent;
      if (name === 'test_fn_failure' && typeof error === 'object' && error !== null) {
        for (const world of openWorlds(this.global)) {
          appendToError(error, await describeWorldActivity(world));
        }
      }
    }
  }
  return MakeEmulatorEnvironment as unknown as Base;
}

export default withMakeEmulator(TestEnvironment as unknown as new (...args: any[]) => Environment);
