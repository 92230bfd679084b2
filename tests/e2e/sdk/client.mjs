// What the scripts share: a client of the world that the environment names, and one JSON document as the result.
import { Make, MakeError } from '@makehq/sdk';

export const token = process.env.MAKE_API_KEY;
export const zone = process.env.MAKE_ZONE;
export const teamId = Number(process.env.MAKE_TEAM);
export const organizationId = Number(process.env.MAKE_ORGANIZATION);

/** What the test passed to the script. */
export const given = JSON.parse(process.argv[2] ?? '{}');

export function connect(key = token, { client: Client = Make, ...options } = {}) {
  const make = new Client(key, zone, options);
  make.protocol = process.env.MAKE_PROTOCOL;
  return make;
}

/** How a call was refused; a call that succeeds, or fails for another reason, fails the script. */
export async function refusal(call) {
  let answer;
  try {
    answer = await call;
  } catch (error) {
    if (!(error instanceof MakeError)) throw error;
    return { name: error.name, statusCode: error.statusCode, message: error.message };
  }
  throw new Error(`expected a refusal, got ${JSON.stringify(answer)}`);
}

/** Lets the world's time go on. */
export async function advance(seconds) {
  const clock = `${process.env.MAKE_PROTOCOL}://${zone}/_emulator/worlds/${process.env.MAKE_WORLD}/clock`;
  const key = process.env.MAKE_EMULATOR_CONTROL_KEY;
  const answer = await fetch(`${clock}/advance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key ? { 'x-emulator-key': key } : {}) },
    body: JSON.stringify({ seconds }),
  });
  if (!answer.ok) throw new Error(`the clock does not move: ${await answer.text()}`);
}

export function report(results) {
  process.stdout.write(JSON.stringify(results));
}
