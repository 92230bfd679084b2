/** A test that fails on purpose: its message shows the requests to its world. */

const { useWorld } = require('make-emulator/jest');

const make = useWorld();

test('fails', async () => {
  await make.world.fetch('/teams/1');
  expect('one').toBe('another');
});

test('fails without an error object', async () => {
  await make.world.fetch('/teams/2');
  throw 'a text';
});
