// A custom function: create, find in the list, read, use in a scenario, change, check, look back, delete.
import { connect, refusal, report, teamId } from '../client.mjs';

const make = connect();
const results = {};
const code = body => `function shout(input) { return ${body}; }`;
results.created = await make.functions.create(teamId, {
  name: 'shout',
  description: 'Shouts.',
  code: code('iml.upper(input)'),
  args: '(input)',
});
const { id } = results.created;
results.listed = await make.functions.list(teamId);
const mapper = { loud: '{{shout(var.input.text)}}' };
const scenario = await make.scenarios.create(
  {
    teamId,
    scheduling: { type: 'on-demand' },
    blueprint: {
      name: 'Shouter',
      flow: [{ id: 1, module: 'scenario-service:ReturnData', version: 2, parameters: {}, mapper, metadata: {} }],
      metadata: {},
    },
  },
  { confirmed: true },
);
await make.scenarios.setInterface(scenario.id, {
  interface: { input: [{ name: 'text', type: 'text' }], output: [{ name: 'loud', type: 'text' }] },
});
await make.scenarios.activate(scenario.id);
results.run = await make.scenarios.run(scenario.id, { text: 'Hello' });
results.updated = await make.functions.update(id, { description: 'Twice.', code: code('input + input + "!"') });
results.runAgain = await make.scenarios.run(scenario.id, { text: 'Hello' });
results.read = await make.functions.get(id);
results.checked = await make.functions.check(teamId, code('input * 2'));
results.wrong = await make.functions.check(teamId, code('input *'));
results.refused = await refusal(make.functions.update(id, { code: 'function whisper() {}' }));
results.history = await make.functions.history(teamId, id);
results.inUse = await refusal(make.functions.delete(id));
await make.scenarios.delete(scenario.id);
await make.functions.delete(id);
results.gone = await refusal(make.functions.get(id));
report(results);
