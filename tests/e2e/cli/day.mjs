// What somebody does with the command line on a day: find their way, mend a scenario, set up a webhook, tidy a data store.
import { webhookEcho } from '../sdk/blueprints.mjs';
import { report } from '../sdk/client.mjs';
import { json, make, run } from './command.mjs';

const results = {};

const [organization] = await make('organizations', 'list');
const [team] = await make('teams', 'list', `--organization-id=${organization.id}`);
const ofTeam = `--team-id=${team.id}`;
results.found = { organization: organization.name, team: team.name };

const scenarios = await make('scenarios', 'list', ofTeam);
const { id } = scenarios.find(row => row.name === 'Greeting');
const before = await make('scenarios', 'get', id);
const [module] = before.blueprint.flow;
const mapper = { greeting: 'Good day, {{var.input.name}}!' };
const mended = { ...before.blueprint, flow: [{ ...module, mapper }] };
await make('scenarios', 'update', id, '--name=Polite greeting', `--blueprint=${json(mended)}`, '--confirmed');
results.mended = await make('scenarios', 'run', `--scenario-id=${id}`, '--data={"name":"Zoe"}', '--responsive');
const runs = await make('executions', 'list', `--scenario-id=${id}`);
results.detail = await make('executions', 'get-detail', `--scenario-id=${id}`, results.mended.executionId);
results.newest = runs[0].id;

const hook = await make('hooks', 'create', ofTeam, '--name=Orders', '--type-name=gateway-webhook');
const echo = await make(
  'scenarios',
  'create',
  ofTeam,
  '--scheduling={"type":"immediately"}',
  `--blueprint=${json(webhookEcho(hook.id))}`,
);
await make('scenarios', 'activate', echo.id);
const sent = await fetch(hook.url, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: json({ sku: 'A-1', quantity: 2 }),
});
results.echoed = { status: sent.status, body: await sent.json() };
await make('scenarios', 'deactivate', echo.id);

const [store] = await make('data-stores', 'list', ofTeam);
const ofStore = `--data-store-id=${store.id}`;
const records = await make('data-store-records', 'list', ofStore);
for (const { key, data } of records.filter(record => record.data.customer === undefined)) {
  await make('data-store-records', 'update', key, ofStore, `--data=${json({ ...data, customer: 'unknown' })}`);
}
const small = records.filter(record => record.data.quantity < 2).map(record => record.key);
await make('data-store-records', 'delete', ofStore, `--keys=${json(small)}`);
results.table = (await run('data-store-records', 'list', ofStore, '--output=table')).stdout.split('\n');
results.compact = (await run('--output=compact', 'data-store-records', 'list', ofStore, '--limit=1')).stdout;
report(results);
