/** The worlds of the running test, which the environment shows when it fails. */

import type { World } from '../world.js';

const KEY = Symbol.for('make-emulator.open-worlds');

/** Returns the worlds that tests of a realm have; that of the test files has a global object of its own. */
export function openWorlds(realm: object = globalThis): Set<World> {
  const holder = realm as { [KEY]?: Set<World> };
  holder[KEY] ??= new Set();
  return holder[KEY];
}
