// A data store with two records, each changed in its own way, until the store is deleted and its structure after it.
import { connect, refusal, report, teamId } from '../client.mjs';

const make = connect();
const text = (name, label, required = false) => ({ type: 'text', name, label, required });
const structure = await make.dataStructures.create({
  name: 'Contact',
  teamId,
  strict: true,
  spec: [
    text('name', 'Name', true),
    text('email', 'E-mail', true),
    text('status', 'Status'),
    text('createdAt', 'Created at'),
    text('changedAt', 'Changed at'),
  ],
});
const results = {
  structureId: structure.id,
  created: await make.dataStores.create({
    name: 'Contacts',
    teamId,
    datastructureId: structure.id,
    maxSizeMB: 1,
  }),
};
const { id } = results.created;
results.read = await make.dataStores.get(id);
results.renamed = await make.dataStores.update(id, { name: 'People' });

const createdAt = '2026-01-01T10:00:00.000Z';
const changedAt = '2026-01-02T10:00:00.000Z';
const { records } = make.dataStores;
const kim = await records.create(id, { name: 'Kim', email: 'kim@example.com', status: 'new', createdAt });
const lee = await records.create(id, { name: 'Lee', email: 'lee@example.com', status: 'old', createdAt });
results.records = [kim, lee];
results.listed = await records.list(id);
results.updated = await records.update(id, kim.key, { status: 'old', changedAt });
results.replaced = await records.replace(id, lee.key, { name: 'Lee Roy', email: 'roy@example.com', changedAt });
await records.delete(id, [kim.key]);
results.left = await records.list(id);

results.structureInUse = await refusal(make.dataStructures.delete(structure.id));
await make.dataStores.delete(id);
await make.dataStructures.delete(structure.id);
results.gone = [
  await refusal(make.dataStores.get(id)),
  await refusal(make.dataStructures.get(structure.id)),
];
report(results);
