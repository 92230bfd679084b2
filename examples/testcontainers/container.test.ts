// container.test.ts
import { afterAll, beforeAll, expect, test } from 'vitest';

import { MakeEmulatorContainer, type StartedMakeEmulatorContainer } from './make-emulator-container.js';

let container: StartedMakeEmulatorContainer;

beforeAll(async () => {
  container = await new MakeEmulatorContainer().start();
}, 120_000);

afterAll(() => container.stop());

test('a run greets', async () => {
  const world = await (await container.emulator()).createWorld();
  expect((await world.run(1, { name: 'Zoe' })).outputs).toEqual({ greeting: 'Hello, Zoe!' });
});
