// Creates a hook, lets a live scenario listen at it, sends to it as any other program would, and reads the run's log.
import { webhookEcho } from '../blueprints.mjs';
import { connect, refusal, report, teamId } from '../client.mjs';

const make = connect();
const hook = await make.hooks.create({
  name: 'Orders',
  teamId,
  typeName: 'gateway-webhook',
  data: { method: false, headers: false, stringify: false },
});
const results = { hook, fresh: await make.hooks.ping(hook.id) };

const scenario = await make.scenarios.create({
  teamId,
  scheduling: { type: 'immediately' },
  blueprint: webhookEcho(hook.id),
});
results.activated = await make.scenarios.activate(scenario.id);

const answer = await fetch(hook.url, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ sku: 'A-1', quantity: 2 }),
});
results.answer = {
  status: answer.status,
  kind: answer.headers.get('content-type'),
  readable: answer.headers.get('access-control-allow-origin'),
  body: await answer.json(),
};
results.attached = await make.hooks.ping(hook.id);

for (let attempt = 1; results.log === undefined && attempt <= 20; attempt++) {
  const rows = await make.executions.list(scenario.id);
  results.log = rows.find(row => row.type === 'auto');
  if (results.log === undefined) await new Promise(resume => setTimeout(resume, 50));
}
results.read = await make.hooks.get(hook.id);
await make.hooks.delete(hook.id);
results.gone = await refusal(make.hooks.get(hook.id));
results.left = await make.scenarios.get(scenario.id, { cols: ['id', 'isActive', 'isinvalid', 'hookId'] });
results.afterwards = (await fetch(hook.url)).status;
report(results);
