// The life of an empty scenario: create, read, rename, declare an input, delete.
import { connect, refusal, report, teamId } from '../client.mjs';

const make = connect();
const results = { listed: await make.scenarios.list(teamId) };

results.created = await make.scenarios.create({
  teamId,
  scheduling: JSON.stringify({ type: 'on-demand' }),
  blueprint: JSON.stringify({ flow: [], metadata: {}, name: 'Empty' }),
});
const { id } = results.created;
results.read = await make.scenarios.get(id);
results.renamed = await make.scenarios.update(id, { name: 'Still empty' });
results.interface = await make.scenarios.setInterface(id, {
  interface: {
    input: [{ name: 'topic', type: 'text', default: 'news', required: true, multiline: false }],
    output: [],
  },
});
results.interfaceRead = await make.scenarios.getInterface(id);
await make.scenarios.delete(id);
results.gone = await refusal(make.scenarios.get(id));
report(results);
