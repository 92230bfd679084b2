// The whole job of an integration: find a team, fill a data store, run scenarios on it, read what happened, clean up.
import { greeting, stockKeeper } from './blueprints.mjs';
import { connect, given, organizationId, refusal, report, teamId } from './client.mjs';

const make = connect();
const results = {};

results.organizations = await make.organizations.list();
results.teams = await make.teams.list(organizationId);

const structure = await make.dataStructures.create({
  name: 'Item',
  teamId,
  strict: true,
  spec: [
    { name: 'kind', type: 'text', label: 'Kind', required: true },
    { name: 'price', type: 'number', label: 'Price', required: true },
  ],
});
const store = await make.dataStores.create({
  name: 'Stock',
  teamId,
  datastructureId: structure.id,
  maxSizeMB: 5,
});
results.structure = structure;
results.store = store;

for (let number = 0; number < given.records; number++) {
  const data = { kind: number % 2 ? 'odd' : 'even', price: number };
  await make.dataStores.records.create(store.id, `item-${number}`, data);
}
results.pages = [];
let page;
do {
  const pg = { offset: results.pages.length * given.limit, limit: given.limit };
  page = await make.dataStores.records.list(store.id, { pg });
  results.pages.push(page);
} while (page.length === given.limit);
results.filled = await make.dataStores.get(store.id);

results.runs = {};
for (const [name, blueprint, inputs] of [
  ['greeting', greeting, { name: 'Ann' }],
  ['stockKeeper', stockKeeper(store.id), { key: 'item-new', kind: 'ODD', price: 5000 }],
]) {
  const scheduling = { type: 'on-demand' };
  const scenario = await make.scenarios.create({ teamId, scheduling, blueprint });
  results.runs[name] = {
    scenario,
    activated: await make.scenarios.activate(scenario.id),
    run: await make.scenarios.run(scenario.id, inputs, { responsive: true }),
  };
}
results.added = await make.dataStores.records.list(store.id, { pg: { offset: given.records, limit: 10 } });

for (const kept of Object.values(results.runs)) {
  const { id } = kept.scenario;
  const { executionId } = kept.run;
  kept.log = await make.executions.get(id, executionId);
  kept.detail = await make.executions.getDetail(id, executionId);
  kept.logs = await make.executions.list(id);
  kept.deactivated = await make.scenarios.deactivate(id);
  await make.scenarios.delete(id);
  kept.gone = [
    await refusal(make.scenarios.get(id)),
    await refusal(make.executions.getDetail(id, executionId)),
  ];
}
await make.dataStores.delete(store.id);
await make.dataStructures.delete(structure.id);
results.gone = [
  await refusal(make.dataStores.get(store.id)),
  await refusal(make.dataStores.records.list(store.id)),
  await refusal(make.dataStructures.get(structure.id)),
];
report(results);
