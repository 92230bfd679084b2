/** Global tear-down of jest: stops the server of the test run. */

import { stop } from './stop.js';

export default async function teardown(): Promise<void> {
  await stop();
}
