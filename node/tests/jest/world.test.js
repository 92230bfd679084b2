/** Tests for jest, as its users write them: in CommonJS. */

const { Make } = require('@makehq/sdk');
const { useWorld } = require('make-emulator/jest');

const make = useWorld({ plan: 'core' });

test('each test has a world of its own', async () => {
  const client = new Make(make.world.token, make.world.host);
  client.protocol = make.world.protocol;
  expect((await client.scenarios.run(1, { name: 'Zoe' })).outputs).toEqual({ greeting: 'Hello, Zoe!' });
  await make.world.requests.assertCalled('POST', '/scenarios/*/run', { times: 1 });
  expect(make.world.plan).toBe('core');
});

test('no test sees the requests of another one', async () => {
  await make.world.requests.assertNotCalled('POST', '*');
  expect(make.world.name).not.toBe('default');
  expect(process.env.MAKE_EMULATOR_URL).toBe(make.emulator.url);
});
