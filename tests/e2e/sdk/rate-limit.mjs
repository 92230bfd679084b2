// Calls until the plan's allowance is used up, then waits as the client does, on the world's clock.
import { Make } from '@makehq/sdk';
import { advance, connect, given, refusal, report, teamId, token } from './client.mjs';

/** Instead of sleeping, lets time pass in the world. */
class TimeTraveller extends Make {
  waits = [];

  async sleep(milliseconds) {
    this.waits.push(milliseconds);
    await advance(milliseconds / 1000);
  }
}

const make = connect();
const results = { allowed: 0 };
for (let call = 0; call < given.allowance; call++) {
  await make.teams.get(teamId);
  results.allowed++;
}
results.refused = await refusal(make.teams.get(teamId));

const retry = { onRateLimit: true, baseDelay: 20_000, maxRetries: 3 };
const impatient = connect(token, { client: TimeTraveller, retry: { ...retry, baseDelay: 1 } });
results.refusedAgain = await refusal(impatient.teams.get(teamId));
results.shortWaits = impatient.waits.length;

const patient = connect(token, { client: TimeTraveller, retry });
results.team = await patient.teams.get(teamId);
results.seconds = patient.waits.reduce((sum, wait) => sum + wait, 0) / 1000;
report(results);
