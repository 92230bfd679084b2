// A request as commands and code that send it again.

import type { Json, LogRow, World } from "./api";

const quoted = (text: string): string => `'${text.replace(/'/g, `'\\''`)}'`;

/** Headers stand in double quotes, so that the shell fills in their variables. */
export function curlCommand(method: string, url: string, body: string | null, headers: Record<string, string>): string {
  const lines = [`curl -X ${method} ${quoted(url)}`, ...Object.entries(headers).map(([name, value]) => `-H "${name}: ${value}"`)];
  if (body !== null) lines.push("-H 'Content-Type: application/json'", `-d ${quoted(body)}`);
  return lines.join(" \\\n  ");
}

function queryText(query: LogRow["query"] | string): string {
  if (typeof query === "string") return query.replace(/^\?/, "");
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) for (const each of Array.isArray(value) ? value : [value]) params.append(name, String(each));
  return params.toString();
}

/** What a request sends. */
export type SentRequest = Pick<LogRow, "method" | "path" | "requestBody"> & { query: LogRow["query"] | string };

export function pathOf(row: SentRequest): string {
  const query = queryText(row.query);
  return row.path + (query ? `?${query}` : "");
}

const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "");

/** What a list of requests shows of one: a message to the MCP server by its method and tool, any other request by its path. */
export function titleOf(row: LogRow): string {
  const body = row.requestBody;
  if (!/^\/mcp(\/|$)/.test(row.path) || body === null || typeof body !== "object" || Array.isArray(body)) return pathOf(row);
  const params = body["params"];
  const name = params !== null && typeof params === "object" && !Array.isArray(params) ? textOf(params["name"]) || textOf(params["uri"]) : "";
  const method = textOf(body["method"]);
  return method ? `MCP ${method}${name ? ` ${name}` : ""}` : pathOf(row);
}

const bodyOf = (row: SentRequest): string | null => (row.requestBody === null || row.requestBody === "" ? null : typeof row.requestBody === "string" ? row.requestBody : JSON.stringify(row.requestBody));

const pythonValue = (value: Json): string => {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map(pythonValue).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${pythonValue(item)}`).join(", ")}}`;
  return JSON.stringify(value);
};

export const SNIPPETS = ["curl", "Python", "Node", "pytest"] as const;
export type Snippet = (typeof SNIPPETS)[number];

export function snippet(kind: Snippet, row: SentRequest, world: World): string {
  const path = pathOf(row);
  const url = path.startsWith("/hook/") || path.startsWith("/mcp") || path.startsWith("/oauth") ? new URL(path, world.baseUrl).href : world.baseUrl + path;
  const body = bodyOf(row);
  switch (kind) {
    case "curl":
      return curlCommand(row.method, url, body, { Authorization: "Token $MAKE_API_KEY" });
    case "Python":
      return [
        "import os",
        "import requests",
        "",
        `response = requests.request(`,
        `    ${JSON.stringify(row.method)},`,
        `    ${JSON.stringify(url)},`,
        `    headers={"Authorization": f"Token {os.environ['MAKE_API_KEY']}"},`,
        ...(row.requestBody === null || row.requestBody === "" ? [] : [`    json=${pythonValue(row.requestBody)},`]),
        ")",
        "response.raise_for_status()",
      ].join("\n");
    case "Node":
      return [
        `const response = await fetch(${JSON.stringify(url)}, {`,
        `  method: ${JSON.stringify(row.method)},`,
        `  headers: { Authorization: \`Token \${process.env.MAKE_API_KEY}\`${body === null ? "" : ', "Content-Type": "application/json"'} },`,
        ...(body === null ? [] : [`  body: JSON.stringify(${body}),`]),
        "});",
      ].join("\n");
    case "pytest":
      return `make_world.requests.assert_called(${JSON.stringify(row.method)}, ${JSON.stringify(row.path)}, times=1)`;
  }
}
