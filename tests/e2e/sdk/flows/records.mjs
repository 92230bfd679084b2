// Records with keys made up and given, read by pages, changed in part and as a whole, deleted one and many at a time.
import { connect, given, report, teamId } from '../client.mjs';

const make = connect();
const structure = await make.dataStructures.create({
  name: 'Employee',
  teamId,
  strict: true,
  spec: [
    { type: 'text', name: 'name', label: 'Name', required: true },
    { type: 'text', name: 'status', label: 'Status', required: false },
    { type: 'number', name: 'age', label: 'Age', required: false },
  ],
});
const store = await make.dataStores.create({
  name: 'Employees',
  teamId,
  datastructureId: structure.id,
  maxSizeMB: 1,
});
const { records } = make.dataStores;
const results = {};

const first = await records.create(store.id, { name: 'Ida', status: 'active', age: 30 });
const second = await records.create(store.id, 'my-own-key', { name: 'Jon', status: 'active', age: 28 });
const third = await records.create(store.id, { name: 'Kai', age: 35 });
results.created = [first, second, third];
results.listed = await records.list(store.id);
results.page = await records.list(store.id, { pg: { limit: 2, offset: 1 } });
results.updated = await records.update(store.id, first.key, { status: 'away' });
results.replaced = await records.replace(store.id, second.key, { name: 'Jon Doe', age: 29 });
await records.delete(store.id, [third.key]);
results.afterOne = await records.list(store.id);
await records.delete(store.id, [first.key, second.key]);
results.afterAll = await records.list(store.id);

// The client puts keys in the path as they are: what has a meaning there must come encoded.
results.odd = [];
for (const key of given.oddKeys) {
  await records.create(store.id, key, { name: 'Lou' });
  results.odd.push(await records.update(store.id, encodeURIComponent(key), { age: 1 }));
}

await make.dataStores.delete(store.id);
await make.dataStructures.delete(structure.id);
report(results);
