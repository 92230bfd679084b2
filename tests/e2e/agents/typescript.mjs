// A client of the official TypeScript SDK: connects, lists, calls, and prints what it saw as JSON.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const given = JSON.parse(process.argv[2]);

function transport() {
  if (given.command) return new StdioClientTransport({ command: given.command[0], args: given.command.slice(1), env: process.env });
  const options = { requestInit: { headers: given.headers } };
  const Kind = given.transport === 'sse' ? SSEClientTransport : StreamableHTTPClientTransport;
  return new Kind(new URL(given.url), options);
}

const client = new Client({ name: 'tests', version: '1' });
const used = transport();
await client.connect(used);
const seen = {
  server: client.getServerVersion().name,
  protocol: used.protocolVersion,
  tools: (await client.listTools()).tools.map(tool => tool.name),
};
await client.ping();
for (const [name, [tool, inputs]] of Object.entries(given.calls)) {
  try {
    const { content, isError = false, structuredContent = null } = await client.callTool({ name: tool, arguments: inputs });
    seen[name] = { isError, text: content.map(part => part.text).join(''), structured: structuredContent };
  } catch (error) {
    seen[name] = { code: error.code, message: error.message };
  }
}
if (given.reconnect) {
  await used.terminateSession();
  try {
    await client.ping();
  } catch (error) {
    seen.ended = error.code;
  }
  const again = new Client({ name: 'tests', version: '1' });
  await again.connect(transport());
  seen.again = (await again.listTools()).tools.length;
  await again.close();
}
await client.close();
console.log(JSON.stringify(seen));
