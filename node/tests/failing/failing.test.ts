/** A test that fails on purpose: its message shows the requests to its world. */

import { expect } from 'vitest';

import { test } from 'make-emulator/vitest';

test('fails', async ({ world }) => {
  await world.fetch('/teams/1');
  expect('one').toBe('another');
});
