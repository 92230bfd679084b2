// A data structure: create, read, change its fields, find it in the list, clone, delete.
import { connect, refusal, report, teamId } from '../client.mjs';

const make = connect();
const spec = label => [
  { type: 'text', name: 'name', label, required: true },
  { type: 'number', name: 'age', label: 'Age', required: false },
];
const results = {};
results.created = await make.dataStructures.create({ name: 'Person', teamId, spec: spec('Name'), strict: true });
const { id } = results.created;
results.read = await make.dataStructures.get(id);
results.updated = await make.dataStructures.update(id, { name: 'Human', spec: spec('Full name'), strict: true });
results.listed = await make.dataStructures.list(teamId);
results.cloned = await make.dataStructures.clone(id, { name: 'Human too', targetTeamId: teamId });
await make.dataStructures.delete(results.cloned.id);
await make.dataStructures.delete(id);
results.gone = [
  await refusal(make.dataStructures.get(id)),
  await refusal(make.dataStructures.get(results.cloned.id)),
];
report(results);
