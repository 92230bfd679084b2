// Credential requests: created, read, declined and deleted; by modules of an app, and by types.
import { connect, given, refusal, report, teamId } from '../client.mjs';

const make = connect();
const results = {};
const request = await make.credentialRequests.create({
  name: 'Keys for the import',
  teamId,
  description: 'For the nightly import',
  provider: { providerMakeUserId: given.userId },
  keys: [{ type: 'basicauth', appModules: ['ActionSendDataBasicAuth'], appName: 'http', appVersion: '3', description: '' }],
});
results.read = await make.credentialRequests.get(request.id);
results.detail = await make.credentialRequests.getDetail(request.id);
results.listed = (await make.credentialRequests.list(teamId)).map(each => each.id);
results.declined = await make.credentialRequests.declineCredential(results.detail.credentials[0].id, 'Not needed');
await make.credentialRequests.delete(request.id);
results.gone = await refusal(make.credentialRequests.get(request.id));
results.byModules = await make.credentialRequests.createAction({
  teamId,
  credentials: [{ appName: 'http', appModules: ['ActionSendDataBasicAuth'], appVersion: 3 }],
});
report({ request, ...results });
