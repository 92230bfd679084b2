// The names of the tools that an assistant sees.
import { report } from '../sdk/client.mjs';
import { withServer } from './server.mjs';

report(await withServer(process.env, async client => (await client.listTools()).tools.map(tool => tool.name)));
