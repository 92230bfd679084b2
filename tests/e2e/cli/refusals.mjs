// Commands that are refused: how each ends, and what it says.
import { given, report, teamId } from '../sdk/client.mjs';
import { json, make, run } from './command.mjs';

const results = {};

/** Runs a command that must fail, and keeps its exit code and what it said. */
async function refused(name, ...args) {
  const { code, stdout, stderr } = await run(...args);
  if (code === 0 || stdout !== '') throw new Error(`make-cli ${args.join(' ')} was not refused: ${stdout}`);
  results[name] = [code, stderr.trim()];
}

const reader = `--api-key=${given.readOnly}`;

await refused('unknownToken', '--api-key=99999999-9999-4999-8999-999999999999', 'users', 'me');
await refused('unknownScenario', 'scenarios', 'get', 999999);
await refused('outOfReach', 'scenarios', 'get', given.hiddenScenario);
await refused('missingScope', reader, 'scenarios', 'deactivate', 1);
await refused('missingInput', 'scenarios', 'run', 1, '--data={}');
await refused('inactive', 'scenarios', 'run', 4);
await refused('misfit', 'data-store-records', 'create', '--data-store-id=1', '--data={"sku":"A","quantity":"many"}');
await refused('tooSmall', 'data-stores', 'create', `--team-id=${teamId}`, '--name=Tiny', '--max-size-m-b=0');
await refused('inUse', 'data-structures', 'delete', 1);

// These never reach the service.
await refused('noJson', 'scenarios', 'run', 1, '--data=name');
await refused('noNumber', 'scenarios', 'get', 'first');
await refused('twice', 'scenarios', 'get', 1, '--scenario-id=1');
await refused('noTeam', 'scenarios', 'list');

// The command hands its client the data where that expects {"data": …}, so the request has no body: all data are gone.
const access = { url: 'https://eu1.make.com', apiKey: process.env.MAKE_API_KEY };
const account = [`--team-id=${teamId}`, '--name=To Make', '--account-name=make', `--data=${json(access)}`];
const { id } = await make('connections', 'create', ...account);
results.beforeUpdate = await make('connections', 'verify', id);
await make('connections', 'update', id, `--data=${json(access)}`);
await refused('emptied', 'connections', 'verify', id);
await make('connections', 'update', id, `--data=${json({ data: access })}`);
results.afterWrapping = await make('connections', 'verify', id);
report(results);
