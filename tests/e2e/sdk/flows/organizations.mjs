// An organization and a team of one's own: create, find, rename, delete. Also who one is and what one may do.
import { connect, refusal, report } from '../client.mjs';

const make = connect();
const results = {};
results.me = await make.users.me();
results.authorization = await make.users.currentAuthorization();

results.created = await make.organizations.create({ name: 'New Org', regionId: 1, timezoneId: 113, countryId: 1 });
const { id } = results.created;
results.listed = await make.organizations.list({ cols: ['id', 'name'] });
results.read = await make.organizations.get(id, { wait: true });
results.renamed = await make.organizations.update(id, { name: 'Newer Org' });
await make.organizations.delete(id);
results.organizationGone = await refusal(make.organizations.get(id));

const [home] = results.listed;
results.team = await make.teams.create({ name: 'Second Team', organizationId: home.id });
results.teams = await make.teams.list(home.id, { cols: ['id', 'name'], pg: { sortBy: 'name', sortDir: 'desc' } });
results.teamRead = await make.teams.get(results.team.id, { cols: ['name', 'activeScenarios'] });
await make.teams.delete(results.team.id);
results.teamGone = await refusal(make.teams.get(results.team.id));
report(results);
