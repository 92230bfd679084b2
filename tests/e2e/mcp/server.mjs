// The vendor's local MCP server as published, and the official client that talks to it over its standard input and output.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('../node_modules/@makehq/mcp-server/build/index.js', import.meta.url));

/** Starts the server with an environment, does something with a client of it, and ends it. */
export async function withServer(environment, use) {
  const client = new Client({ name: 'tests', version: '1' });
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [FILE], env: environment }));
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** Calls a tool: its text, and whether that is an error. */
export async function call(client, name, inputs) {
  const { content, isError = false } = await client.callTool({ name, arguments: inputs });
  return { isError, text: content.map(part => part.text).join('') };
}
