// Runs every command of the categories that the emulator serves, once, and keeps what each printed.
import { MakeTools } from '@makehq/sdk/tools';
import { greeting, parser } from '../sdk/blueprints.mjs';
import { advance, connect, organizationId, report, teamId, token } from '../sdk/client.mjs';
import { json, make } from './command.mjs';

const answers = {};

/** Runs a command and keeps what it printed, under its name or its name and a remark. */
async function call(name, ...args) {
  const [category, action] = name.split(' ');
  const answer = await make(category, action, ...args);
  answers[name] = answer;
  return answer;
}

const team = `--team-id=${teamId}`;
const owner = `--organization-id=${organizationId}`;
const onDemand = '--scheduling={"type":"on-demand"}';

const place = ['--region-id=1', '--timezone-id=113', '--country-id=1'];
const { id: organization } = await call('organizations create', '--name=Short-lived', ...place);
await call('organizations list');
await call('organizations get', organization);
await call('organizations update', organization, '--name=Shorter-lived');
await call('organizations delete', organization);

const { id: newTeam } = await call('teams create', '--name=Short-lived', owner, '--operations-limit=100');
await call('teams list', owner, '--include-private-spaces');
await call('teams get', newTeam);
await call('teams delete', newTeam);
await call('users me');

const spec = [{ type: 'text', name: 'name', label: 'Name', required: true }];
const { id: structure } = await call(
  'data-structures create',
  team,
  '--name=Person',
  '--strict',
  `--spec=${json(spec)}`,
);
await call('data-structures list', team);
await call('data-structures get', structure);
await call('data-structures update', structure, '--name=Human');

const { id: store } = await call(
  'data-stores create',
  team,
  '--name=People',
  '--max-size-m-b=1',
  `--datastructure-id=${structure}`,
);
await call('data-stores list', team);
await call('data-stores get', store);
await call('data-stores update', store, '--name=Humans', '--max-size-m-b=2');

const of = `--data-store-id=${store}`;
await call('data-store-records create', of, '--key=one', '--data={"name":"Ann"}');
const { key } = await call('data-store-records create without a key', of, '--data={"name":"Eve"}');
await call('data-store-records list', of, '--limit=5');
await call('data-store-records update', 'one', of, '--data={"name":"Ben"}');
await call('data-store-records replace', 'one', of, '--data={"name":"Bob"}');
await call('data-store-records delete', of, `--keys=${json(['one', key])}`);
await call('data-stores delete', store);
await call('data-structures delete', structure);

const code = '--code=function twice(x) { return 2 * x; }';
const { id: custom } = await call('functions create', team, '--name=twice', code, '--description=Doubles.');
await call('functions list', team);
await call('functions get', custom);
await call('functions update', custom, '--description=Adds.', '--code=function twice(x) { return x + x; }');
await call('functions check', team, code);
await call('functions delete', custom);

const { id: folder } = await call('folders create', team, '--name=Drafts');
await call('folders list', team);
await call('folders update', folder, '--name=Finals');

const { id: scenario } = await call(
  'scenarios create',
  team,
  `--folder-id=${folder}`,
  onDemand,
  `--blueprint=${json(greeting)}`,
  '--confirmed',
);
await call('scenarios list', team);
await call('scenarios get', scenario);
await call('scenarios update', scenario, '--description=Says hello.');
const { input_spec: input, output_spec: output } = greeting.io;
await call('scenarios set-interface', scenario, `--interface=${json({ input, output })}`);
await call('scenarios interface', scenario);
await call('scenarios activate', scenario);
const { executionId } = await call('scenarios run', scenario, '--data={"name":"Ann"}', '--responsive');
const run = [`--scenario-id=${scenario}`, executionId];
await call('executions list', `--scenario-id=${scenario}`, '--status=1');
await call('executions get', ...run);
await call('executions get-detail', ...run);
await call('scenarios deactivate', scenario);
await call('scenarios delete', scenario);
await call('folders delete', folder);

const broken = await make('scenarios', 'create', team, onDemand, `--blueprint=${json(parser('{'))}`, '--confirmed');
await make('scenarios', 'activate', broken.id);
await make('scenarios', 'run', broken.id);
const [{ id: incomplete }] = await call('incomplete-executions list', `--scenario-id=${broken.id}`);
await call('incomplete-executions get', incomplete);
// The command line has no command for another attempt.
await connect().incompleteExecutions.retry(incomplete);
await advance(60);
const attempts = `--incomplete-execution-id=${incomplete}`;
const [attempt] = await call('executions list-for-incomp-exec', attempts);
await call('executions get-for-incomp-exec', attempts, attempt.id);

const account = ['--name=To Make', '--account-name=make'];
const access = { url: 'https://eu1.make.com', apiKey: token };
const { id: connection } = await call('connections create', team, ...account, `--data=${json(access)}`);
await call('connections list', team, '--type=["make"]');
await call('connections get', connection);
await call('connections update', connection, '--name=To Make itself');
await call('connections verify', connection);
await call('connections delete', connection);

const [{ url }] = await call('public-templates list', '--name=http', '--used-apps=["http"]', '--include-en');
await call('public-templates get', url);
await call('public-templates get-blueprint', url);

const { id: hook } = await call('hooks create', team, '--name=Intake', '--type-name=gateway-webhook');
await call('hooks list', team);
await call('hooks get', hook);
await call('hooks update', hook, '--data={"headers":true,"method":true,"stringify":true}');
await call('hooks delete', hook);

const [role] = await call('roles list', '--category=team', owner);
await call('roles get', role.id);

await call('enums countries');
await call('enums regions');
await call('enums timezones');

const commands = MakeTools.map(({ name, category }) => `${category} ${name.slice(category.length + 1)}`);
report({ commands, answers });
