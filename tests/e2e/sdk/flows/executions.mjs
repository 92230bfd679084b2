// Runs a live scenario, reads the run's detail by polling, and deletes the scenario while it is live.
import { greeting } from '../blueprints.mjs';
import { connect, refusal, report, teamId } from '../client.mjs';

const make = connect();
const scenario = await make.scenarios.create({
  teamId,
  scheduling: JSON.stringify({ type: 'on-demand' }),
  blueprint: JSON.stringify(greeting),
});
const results = { activated: await make.scenarios.activate(scenario.id) };
results.run = await make.scenarios.run(scenario.id, { name: 'Zoe' }, { responsive: true });

for (let attempt = 1; results.detail === undefined; attempt++) {
  try {
    results.detail = await make.executions.getDetail(scenario.id, results.run.executionId);
  } catch (error) {
    if (error.statusCode !== 404 || attempt === 5) throw error;
    await new Promise(resume => setTimeout(resume, 100));
  }
}
await make.scenarios.delete(scenario.id);
results.gone = await refusal(make.scenarios.get(scenario.id));
report(results);
