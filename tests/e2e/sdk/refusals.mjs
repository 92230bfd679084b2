// Calls that Make refuses, and what the client makes of each.
import { greeting } from './blueprints.mjs';
import { connect, given, organizationId, refusal, report, teamId } from './client.mjs';

const make = connect();
const reader = connect(given.readOnly);
const results = {};
const scheduling = { type: 'on-demand' };
const scenario = await make.scenarios.create({ teamId, scheduling, blueprint: greeting });
const { id } = scenario;

results.unknownToken = await refusal(connect('99999999-9999-4999-8999-999999999999').users.me());
results.unknownScenario = await refusal(make.scenarios.get(999999));
results.outOfReach = await refusal(make.scenarios.get(given.hiddenScenario));

results.missingScope = await refusal(reader.scenarios.activate(id));
results.scopeStillHeld = (await reader.scenarios.get(id)).id === id;

results.runInactive = await refusal(make.scenarios.run(id, { name: 'Ann' }));
await make.scenarios.activate(id);
results.activateTwice = await refusal(make.scenarios.activate(id));
results.missingInput = await refusal(make.scenarios.run(id, {}));
results.severalFaults = await refusal(make.scenarios.run(id, { name: 7, colour: 'red' }));

const run = await make.scenarios.run(id, { name: 'Ann' });
results.tooLarge = await refusal(make.executions.getDetail(id, run.executionId, { maxBytes: 5 }));
results.unknownExecution = await refusal(make.executions.get(id, '0'.repeat(32)));

results.unknownColumn = await refusal(make.teams.list(organizationId, { cols: ['colour'] }));
results.inputsOnSchedule = await refusal(
  make.scenarios.create({ teamId, scheduling: { type: 'indefinitely', interval: 900 }, blueprint: greeting }),
);
const taken = 'taken';
const { records } = make.dataStores;
await records.create(given.dataStore, taken, { sku: 'A', quantity: 1 });
results.takenKey = await refusal(records.create(given.dataStore, taken, { sku: 'A', quantity: 1 }));
results.misfit = await refusal(records.create(given.dataStore, { sku: 'A', quantity: 'many', colour: 'red' }));

const unconfirmed = { method: 'DELETE', body: { keys: [taken] } };
results.unconfirmed = await refusal(make.fetch(`/data-stores/${given.dataStore}/data`, unconfirmed));
results.kept = (await records.list(given.dataStore)).some(record => record.key === taken);
report(results);
