// The vendor's live test of private spaces: list, get, limit, and restore the limit.
import { connect, organizationId, refusal, report } from '../client.mjs';

const make = connect();
const results = {};
results.listed = await make.privateSpaces.list(organizationId);
const { email } = await make.users.me();
const { id } = results.listed.find(space => space.privateSpaceOwnerEmail === email);
results.read = await make.privateSpaces.get(id, { cols: ['*'] });
results.limited = await make.privateSpaces.update(id, { operationsLimit: 10000 });
results.restored = await make.privateSpaces.update(id, { operationsLimit: results.read.operationsLimit });
results.gone = await refusal(make.privateSpaces.get(id + 1000));
report(results);
