// Calls every method that a part of the client has, once, and keeps what each answered.
import { greeting, parser } from './blueprints.mjs';
import { advance, connect, organizationId, report, teamId, token } from './client.mjs';

const make = connect();
const parts = {
  organizations: make.organizations,
  teams: make.teams,
  users: make.users,
  dataStructures: make.dataStructures,
  dataStores: make.dataStores,
  records: make.dataStores.records,
  scenarios: make.scenarios,
  blueprints: make.blueprints,
  executions: make.executions,
  incompleteExecutions: make.incompleteExecutions,
  folders: make.folders,
  hooks: make.hooks,
  connections: make.connections,
  functions: make.functions,
  publicTemplates: make.publicTemplates,
  roles: make.roles,
  customRoles: make.customRoles,
  keys: make.keys,
  devices: make.devices,
  enums: make.enums,
};
const answers = {};

/** Calls a method and keeps its answer under its name, or under its name and a remark. */
async function call(name, ...args) {
  const [part, method] = name.split(' ')[0].split('.');
  const answer = await parts[part][method](...args);
  answers[name] = answer ?? null;
  return answer;
}

const all = { cols: ['*'] };

const { id: organization } = await call('organizations.create', {
  name: 'Short-lived',
  regionId: 1,
  timezoneId: 113,
  countryId: 1,
});
await call('organizations.list');
await call('organizations.list with columns', { cols: ['id', 'countryId', 'license', 'teams', 'isPaused'] });
await call('organizations.get', organization, { wait: true });
await call('organizations.update', organization, { name: 'Shorter-lived', timezoneId: 1, countryId: 4 });
await call('organizations.delete', organization);

const { id: team } = await call('teams.create', { name: 'Short-lived', organizationId, operationsLimit: 100 });
await call('teams.list', organizationId);
await call('teams.list *', organizationId, { ...all, includePrivateSpaces: true });
await call('teams.get', team);
await call('teams.get *', team, all);
await call('teams.delete', team);

await call('users.me');
await call('users.currentAuthorization');

const spec = [
  { type: 'text', name: 'name', label: 'Name', default: 'nobody', required: true, multiline: true },
  { type: 'number', name: 'age', label: 'Age', required: false },
];
const { id: structure } = await call('dataStructures.create', { name: 'Person', teamId, spec, strict: true });
await call('dataStructures.list', teamId);
await call('dataStructures.get', structure);
await call('dataStructures.update', structure, { name: 'Human' });
const clone = await call('dataStructures.clone', structure, { name: 'Humans', targetTeamId: teamId });

const { id: store } = await call('dataStores.create', {
  name: 'People',
  teamId,
  datastructureId: structure,
  maxSizeMB: 1,
});
await call('dataStores.list', teamId);
await call('dataStores.list *', teamId, all);
await call('dataStores.get', store);
await call('dataStores.update', store, { name: 'Humans', maxSizeMB: 2, datastructureId: clone.id });

await call('records.create', store, 'one', { name: 'Ann' });
await call('records.create without a key', store, { name: 'Ann', age: 41 });
await call('records.list', store, { pg: { limit: 5 } });
await call('records.update', store, 'one', { age: 1.5 });
await call('records.replace', store, 'one', { name: 'Bob' });
await call('records.delete', store, ['one']);
await call('dataStores.delete', store);
await call('dataStructures.delete', structure);

const { id: folder } = await call('folders.create', { name: 'Drafts', teamId });
await call('folders.list', teamId);
await call('folders.update', folder, { name: 'Finals' });

const { id: scenario } = await call(
  'scenarios.create',
  { teamId, folderId: folder, scheduling: { type: 'on-demand' }, blueprint: greeting },
  { confirmed: true },
);
await call('scenarios.list', teamId);
await call('scenarios.list *', teamId, all);
await call('scenarios.listInOrganization', organizationId, { pg: { sortBy: 'id', sortDir: 'asc', limit: 3 } });
await call('scenarios.get', scenario, { cols: ['id', 'name', 'scheduling', 'created'] });
await call('scenarios.get *', scenario, all);
await call('scenarios.update', scenario, { description: 'Says hello.', blueprint: greeting });
await call('scenarios.setInterface', scenario, {
  interface: { input: [{ name: 'name', type: 'text', required: true }], output: [{ name: 'greeting', type: 'text' }] },
});
await call('scenarios.getInterface', scenario);
await call('scenarios.interface', scenario);
await call('scenarios.activate', scenario);
const { executionId } = await call('scenarios.run', scenario, { name: 'Ann' });
await call('scenarios.run without waiting', scenario, { name: 'Bob' }, { responsive: false });

await call('blueprints.get', scenario);
await call('blueprints.versions', scenario);
await call('executions.list', scenario, { pg: { limit: 10, sortDir: 'asc' } });
await call('executions.get', scenario, executionId);
await call('executions.getDetail', scenario, executionId, { maxBytes: 10_000 });

await call('scenarios.deactivate', scenario);
await call('scenarios.delete', scenario);
await call('folders.delete', folder);

const broken = await make.scenarios.create(
  { teamId, scheduling: { type: 'on-demand' }, blueprint: parser('{', '[', '1') },
  { confirmed: true },
);
await make.scenarios.activate(broken.id);
await make.scenarios.run(broken.id);
const [{ id: last }] = await call('incompleteExecutions.list', broken.id);
await call('incompleteExecutions.get', last);
await call('incompleteExecutions.bundle', last);
await call('incompleteExecutions.retry', last);
await advance(60);
const [attempt] = await call('executions.listForIncompleteExecution', last, { pg: { limit: 10 } });
await call('executions.getForIncompleteExecution', last, attempt.id);
await call('incompleteExecutions.update', last, { blueprint: parser('1'), failer: 1 });
await call('incompleteExecutions.retryMultiple', broken.id, { all: true });

const { id: connection } = await call('connections.create', {
  teamId,
  name: 'To Make',
  accountName: 'make',
  data: { url: 'https://eu1.make.com', apiKey: token },
});
await call('connections.list', teamId);
await call('connections.list *', teamId, all);
await call('connections.list of types', teamId, { type: ['slack'], scopes: { slack: ['chat:write'] } });
await call('connections.get', connection);
await call('connections.get *', 1, all);
await call('connections.rename', connection, 'To Make itself');
await call('connections.verify', connection);
await call('connections.scoped', connection, ['read']);
await call('connections.listEditableParameters', connection);
await call('connections.update', connection, { data: { apiKey: 'another' } });
await call('connections.delete', connection);

const code = 'function twice(x) { return 2 * x; }';
const { id: custom } = await call('functions.create', teamId, { name: 'twice', description: 'Doubles.', code });
await call('functions.list', teamId);
await call('functions.list *', teamId, all);
await call('functions.get', custom);
await call('functions.update', custom, { description: 'Adds.', code: 'function twice(x) { return x + x; }' });
await call('functions.check', teamId, code);
await call('functions.check of an error', teamId, 'function twice( {');
await call('functions.history', teamId, custom);
await call('functions.delete', custom);

const [{ url }] = await call('publicTemplates.list', { name: 'http', usedApps: ['http'], pg: { limit: 5 } });
await call('publicTemplates.list with columns', { cols: ['id', 'usage'], includeEn: true });
await call('publicTemplates.get', url);
await call('publicTemplates.getBlueprint', url);

const { id: hook } = await call('hooks.create', {
  name: 'Intake',
  teamId,
  typeName: 'gateway-webhook',
  data: { method: false, headers: false, stringify: false },
});
await call('hooks.create with defaults', { name: 'Plain', teamId, typeName: 'gateway-webhook' });
await call('hooks.list', teamId);
await call('hooks.list of the assigned', teamId, { typeName: 'gateway-webhook', assigned: true, pg: { limit: 5 } });
await call('hooks.get', hook);
await call('hooks.rename', hook, 'Orders');
await call('hooks.update', hook, { data: { headers: true, method: true, stringify: true } });
await call('hooks.ping', hook);
await call('hooks.disable', hook);
await call('hooks.enable', hook);
await call('hooks.learnStart', hook);
await call('hooks.learnStop', hook);
await call('hooks.delete', hook);

const [role] = await call('roles.list', { category: 'team', organizationId, teamId, excludeRole: [1] });
await call('roles.list *', { ...all, roleId: role.id });
await call('roles.get', role.id);
const [permission] = await call('roles.permissions', { roleCategory: 'team' });
const { id: customRole } = await call('customRoles.create', {
  name: 'Viewer',
  category: 'team',
  organizationId,
  description: 'Looks.',
  permissions: [permission.id],
});
await call('customRoles.update', customRole, { organizationId, name: 'Watcher', permissions: [] });
await call('customRoles.delete', customRole, { organizationId });

await call('keys.types');
const { id: key } = await call('keys.create', {
  name: 'Shop',
  teamId,
  typeName: 'apikeyauth',
  parameters: { key: 'k3y', placement: 'header', name: 'X-API-Key' },
});
await call('keys.list', teamId, { typeName: 'apikeyauth' });
await call('keys.list *', teamId, all);
await call('keys.get', key);
await call('keys.get *', key, all);
await call('keys.update', key, { name: 'Renamed' });
await call('keys.delete', key);

await call('devices.list', teamId);
await call('devices.list of columns', teamId, { cols: ['id', 'name'] });

await call('enums.countries');
await call('enums.regions');
await call('enums.timezones');

const methods = Object.entries(parts).flatMap(([name, part]) =>
  Object.getOwnPropertyNames(Object.getPrototypeOf(part))
    .filter(method => method !== 'constructor')
    .map(method => `${name}.${method}`),
);

/** The parts that a client, or a part of one, has by name. */
const within = whole => Object.entries(whole).filter(([, value]) => Object(value) === value);
const others = within(make)
  .flatMap(([name, part]) => [[name, part], ...within(part).map(([inner, value]) => [`${name}.${inner}`, value])])
  .filter(([, part]) => part.constructor !== Object && !Object.values(parts).includes(part))
  .map(([name]) => name);
report({ methods, others, answers });
