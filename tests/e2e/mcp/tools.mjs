// An assistant finds the on-demand scenarios of a team as tools, and calls them.
import { connect, given, report, teamId } from '../sdk/client.mjs';
import { call, withServer } from './server.mjs';

const make = connect();

/** A live scenario that takes one input of each type, and returns what it was given. */
async function createReceiver() {
  const fields = given.inputs.map(({ name, type }) => ({ name, type }));
  const blueprint = {
    name: 'Receiver',
    flow: [
      {
        id: 1,
        module: 'scenario-service:ReturnData',
        version: 2,
        parameters: {},
        mapper: Object.fromEntries(fields.map(({ name }) => [name, `{{var.input.${name}}}`])),
        metadata: { expect: fields },
      },
    ],
    metadata: {},
  };
  const { id } = await make.scenarios.create({ teamId, scheduling: { type: 'on-demand' }, blueprint });
  await make.scenarios.update(id, { description: 'takes anything' });
  await make.scenarios.setInterface(id, { interface: { input: given.inputs, output: fields } });
  await make.scenarios.activate(id);
  return id;
}

const results = await withServer(process.env, async client => {
  const kept = { before: (await client.listTools()).tools };
  kept.greeted = await call(client, 'run_scenario_1', { name: 'Zoe' });
  kept.missing = await call(client, 'run_scenario_1', {});
  kept.surplus = await call(client, 'run_scenario_1', { name: 'Zoe', colour: 'red' });
  kept.inactive = await call(client, 'run_scenario_4', {});
  kept.hidden = await call(client, 'run_scenario_5', { name: 'Zoe' });
  kept.unknown = await client.callTool({ name: 'run_everything' }).catch(error => error.message);

  const id = await createReceiver();
  const name = `run_scenario_${id}`;
  kept.tool = (await client.listTools()).tools.find(tool => tool.name === name);
  kept.received = await call(client, name, given.values);
  await make.scenarios.delete(id);
  kept.after = (await client.listTools()).tools.map(tool => tool.name);
  return kept;
});

results.reader = await withServer({ ...process.env, MAKE_API_KEY: given.reader }, async client => ({
  tools: (await client.listTools()).tools.map(tool => tool.name),
  run: await call(client, 'run_scenario_1', { name: 'Zoe' }),
}));
results.stranger = await withServer({ ...process.env, MAKE_API_KEY: given.stranger }, client =>
  client.listTools().catch(error => error.message),
);
report(results);
