/** The vendor's SDK, as it is published, against a world. */

import { Make } from '@makehq/sdk';
import { describe, expect } from 'vitest';
import type { World } from 'make-emulator';

import { createTest, test } from 'make-emulator/vitest';

function connect(world: World): Make {
  const make = new Make(world.token, world.host);
  make.protocol = world.protocol;
  return make;
}

test('a scenario is run, and the request is in the log', async ({ world }) => {
  const { outputs } = await connect(world).scenarios.run(1, { name: 'Zoe' });
  expect(outputs).toEqual({ greeting: 'Hello, Zoe!' });
  await world.requests.assertCalled('POST', '/scenarios/*/run', { times: 1 });
});

test('resources that the token cannot see are 404', async ({ world }) => {
  await expect(connect(world).scenarios.get(5)).rejects.toMatchObject({ statusCode: 404 });
});

test('a fault reaches the client', async ({ world }) => {
  await world.faults.add({ name: 'unavailable', path: '/scenarios*', times: 1 });
  await expect(connect(world).scenarios.list(world.teamId)).rejects.toMatchObject({ statusCode: 503 });
  expect(await connect(world).scenarios.list(world.teamId)).not.toHaveLength(0);
});

describe('the options of a world', () => {
  const limited = createTest({ plan: 'free', scopes: ['scenarios:read'] });

  limited('are those of the test', async ({ world }) => {
    expect(world.plan).toBe('free');
    await expect(connect(world).teams.list(world.organizationId)).rejects.toMatchObject({ statusCode: 403 });
  });
});
