import { ControlError, VERSION } from 'make-emulator';
import { describe, expect } from 'vitest';

import { test } from 'make-emulator/vitest';

test('a world is isolated, and the server goes on without it', async ({ emulator, world }) => {
  const other = await emulator.createWorld({ plan: 'core', zone: 'us1' });
  expect(emulator.version).toBe(VERSION);
  expect([other.plan, other.zone]).toEqual(['core', 'us1.make.com']);
  await world.run(1, { name: 'Zoe' });
  await world.requests.assertCalled('POST', '/scenarios/*/run', { times: 1 });
  await other.requests.assertNotCalled('POST', '/scenarios/*/run');
  expect((await emulator.worlds()).map((each) => each.name)).toContain(other.name);
  await other.delete();
  await expect(emulator.getWorld(other.name)).rejects.toThrow(`There is no world named '${other.name}'.`);
  expect((await emulator.getWorld(world.name)).token).toBe(world.token);
});

describe('the clock', () => {
  test('is frozen, set and advanced', async ({ world }) => {
    expect(await world.clock.freeze('2026-01-01T00:00:00Z')).toEqual({ now: '2026-01-01T00:00:00.000Z', frozen: true });
    await world.advance({ minutes: 15, hours: 1 });
    expect((await world.clock.get()).now).toBe('2026-01-01T01:15:00.000Z');
    await world.clock.advance(30);
    await world.clock.unfreeze();
    const { now, frozen } = await world.clock.set(new Date('2026-02-01T00:00:00Z'));
    expect([now.slice(0, 19), frozen]).toEqual(['2026-02-01T00:00:00', false]);
  });
});

describe('faults', () => {
  test('make the API fail as often as they say', async ({ world }) => {
    await world.faults.add({ path: '/scenarios*', status: 503, times: 2 });
    const statuses = [];
    for (let count = 0; count < 3; count++) {
      statuses.push((await world.fetch(`/scenarios?teamId=${world.teamId}`)).status);
    }
    expect(statuses).toEqual([503, 503, 200]);
    expect(await world.faults.all()).toMatchObject([{ path: '/scenarios*', status: 503, hits: 2 }]);
    await world.requests.assertCalled('GET', '/scenarios', { times: 2, status: '5xx' });
    await world.requests.assertCalled('GET', `/scenarios?teamId=${world.teamId}`, { times: 3 });
    await world.requests.assertNotCalled('GET', '/scenarios?teamId=999');
    await world.faults.clear();
    expect(await world.faults.all()).toEqual([]);
  });

  test('that cannot be are rejected with the reason', async ({ world }) => {
    const call = world.faults.add({ status: 200 });
    await expect(call).rejects.toThrow(ControlError);
    await expect(call).rejects.toThrow("returned 400: Parameter 'status' must be from 400 to 599.");
  });
});

describe('an assertion on requests', () => {
  test('fails with the closest ones', async ({ world }) => {
    await world.run(1, { name: 'Zoe' });
    await world.fetch('/teams/1');
    await expect(world.requests.assertCalled('POST', '/scenarios/2/run', { times: 1 })).rejects.toThrow(
      'expected POST /scenarios/2/run 1 time, but it was received 0 times; received:\n' +
        '  Ada Maker (token admin): POST /scenarios/1/run in organization 1 -> 200\n' +
        '  Ada Maker (token admin): GET /teams/1 in organization 1 -> 200',
    );
    await expect(world.requests.assertNotCalled('GET', '/teams/*')).rejects.toThrow(
      'expected no GET /teams/*, but it was received 1 time:\n  Ada Maker (token admin): GET /teams/1',
    );
  });

  test('compares a part of the body', async ({ world }) => {
    await world.run(1, { name: 'Zoe' });
    await world.requests.assertCalled('POST', '/scenarios/1/run', { json: { data: { name: 'Zoe' } } });
    await expect(
      world.requests.assertCalled('POST', '/scenarios/1/run', { json: { data: { name: 'Ann' } } }),
    ).rejects.toThrow('    with the body {"responsive":true,"data":{"name":"Zoe"}}');
    expect(await world.requests.all({ method: 'POST', json: { data: { name: 'Zoe' } }, limit: 1 })).toHaveLength(1);
  });

  test('is an assertion error at the line of the test', async ({ world }) => {
    const error: Error = await world.requests.assertCalled('GET', '/nothing').then(
      () => new Error('it did not fail'),
      (reason: Error) => reason,
    );
    expect([error.name, error.message]).toEqual([
      'AssertionError',
      'expected GET /nothing at least once, but it was received 0 times; nothing was received',
    ]);
  });
});

describe('runs', () => {
  test('have a trace with assertions', async ({ world }) => {
    const { executionId } = await world.run(1, { name: 'Zoe' });
    const execution = await world.execution(executionId);
    execution.assertReached(1, { times: 1 });
    execution.assertReached('scenario-service:*');
    execution.assertNotReached(7);
    expect(execution.stepsOf(1)[0]?.input).toEqual({ greeting: 'Hello, Zoe!' });
    expect(execution.story).toBe('module 1 (scenario-service:ReturnData) ran');
    expect(() => execution.assertReached(7)).toThrow(
      'expected module 7 to be reached, but it was 0 times; this happened:\n  module 1 (scenario-service:ReturnData) ran',
    );
    expect(() => execution.assertNotReached(1)).toThrow('expected module 1 not to be reached, but it was 1 time:');
    expect(() => execution.assertStopped({ name: 'Paid', before: 2 })).toThrow(
      "expected filter 'Paid' before module 2 to stop a bundle, but it stopped 0; no bundle reached a filter",
    );
  });

  test('are stopped by filters', async ({ emulator, world }) => {
    const rule = (o: string) => ({ name: 'Large', conditions: [[{ a: '{{1.size}}', o, b: '10' }]] });
    const blueprint = {
      name: 'Filtered',
      flow: [
        { id: 1, module: 'util:SetVariable2', version: 1, mapper: { name: 'size', scope: 'roundtrip', value: '5' } },
        {
          id: 2,
          module: 'util:SetVariable2',
          version: 1,
          mapper: { name: 'large', scope: 'roundtrip', value: 'yes' },
          filter: rule('number:greater'),
        },
      ],
      metadata: {},
    };
    const { scenarios, rejected } = await world.importBlueprints({ 'filtered.json': blueprint }, { activate: true });
    expect(rejected).toEqual([]);
    const id = scenarios[0]?.scenarioId ?? 0;
    expect((await emulator.lint({ blueprint })).filter((each) => each.severity === 'error')).toEqual([]);
    const { executionId } = await world.run(id);
    const execution = await world.execution(executionId);
    expect(await emulator.draw(blueprint)).toMatch(/^<svg [^]*Large/);
    expect(await world.draw(id, { execution: executionId })).toMatch(/^<svg /);
    execution.assertStopped({ name: 'Lar*', before: 2, times: 1 });
    execution.assertNotReached(2);
    expect(() => execution.assertReached(2)).toThrow(
      "this kept bundles from it:\n  the bundle was stopped by filter 'Large' before module 2: 5 greater than 10",
    );
    expect(() => execution.assertStopped({ times: 2 })).toThrow("to stop 2 bundles, but it stopped 1; filters decided:\n");
    expect((await world.executions({ limit: 1 }))[0]?.id).toBe(executionId);
  });
});

test('modules are scripted, and declared', async ({ world }) => {
  await world.modules.script('slack:CreateMessage', { error: 'RateLimitError', times: 1 });
  expect(await world.modules.all()).toMatchObject([
    { module: 'slack:CreateMessage', error: { name: 'RateLimitError' }, timesLeft: 1, hits: 0 },
  ]);
  expect((await world.modules.get('slack:CreateMessage')).hits).toBe(0);
  await world.modules.clear('slack:CreateMessage');
  await world.modules.script('slack:CreateMessage', { output: { ts: '1' } });
  await world.modules.clear();
  expect(await world.modules.all()).toEqual([]);
  const declared = await world.modules.declare('acme:Ship', { output: [{ name: 'id', type: 'text' }] });
  expect(await world.modules.declared()).toEqual([declared]);
  await world.modules.withdraw('acme:Ship');
  expect(await world.modules.declared()).toEqual([]);
});

test('external services respond by rules, and requests to them are asserted', async ({ world }) => {
  const blueprint = {
    name: 'Calls',
    flow: [
      {
        id: 1,
        module: 'http:ActionSendData',
        version: 3,
        parameters: { handleErrors: true, useNewZLibDeCompress: true },
        mapper: {
          url: 'https://api.example.com/orders?page=1',
          method: 'post',
          bodyType: 'raw',
          contentType: 'application/json',
          data: '{"sku": "A-1", "count": 2}',
          serializeUrl: false,
          parseResponse: true,
          shareCookies: false,
          rejectUnauthorized: true,
          followRedirect: true,
          followAllRedirects: false,
          useQuerystring: false,
          gzip: true,
          useMtls: false,
        },
      },
    ],
    metadata: {},
  };
  const { scenarios } = await world.importBlueprints({ 'calls.json': blueprint }, { activate: true });
  await world.http.respond('https://api.example.com/*', { body: { id: 7 }, times: 1 });
  const { executionId } = await world.run(scenarios[0]?.scenarioId ?? 0);
  expect((await world.steps(executionId))[0]?.output).toMatchObject([{ statusCode: 200, data: { id: 7 } }]);
  await world.http.assertSent('POST', 'https://api.example.com/orders', { times: 1, json: { sku: 'A-1' } });
  await world.http.assertNotSent('GET', 'https://api.example.com/*');
  await expect(world.http.assertSent('POST', 'https://api.example.com/orders', { json: { sku: 'B-2' } })).rejects.toThrow(
    'this was sent:\n  scenario 6, module 1 (http:ActionSendData) sent POST https://api.example.com/orders?page=1' +
      ' and got 200, from a rule\n    with the body {"sku":"A-1","count":2}',
  );
  expect(await world.http.rules()).toMatchObject([{ hits: 1, timesLeft: 0 }]);
  await world.http.clear();
  expect(await world.http.requests()).toEqual([]);
  await expect(world.outbox.assertSent({ to: 'ann@*' })).rejects.toThrow(
    'expected a mail to ann@* at least once, but it was sent 0 times; no mail was sent at all',
  );
});

test('a state is saved, restored and reset', async ({ world }) => {
  const rename = (name: string) => world.fetch('/scenarios/1', { method: 'PATCH', body: JSON.stringify({ name }) });
  const nameNow = async () => ((await (await world.fetch('/scenarios/1')).json()) as { scenario: { name: string } }).scenario.name;
  const snapshot = await world.snapshot();
  await rename('Changed');
  expect(await nameNow()).toBe('Changed');
  await world.restore(snapshot);
  expect(await nameNow()).toBe('Greeting');
  expect(JSON.stringify(await world.snapshot({ redact: true }))).not.toContain(world.token);

  const checkpoint = await world.checkpoint('before');
  await rename('Again');
  expect((await checkpoint.changes()).changes).toMatchObject([
    { kind: 'scenario', id: 1, change: 'changed', before: { name: 'Greeting' }, after: { name: 'Again' } },
  ]);
  expect(await checkpoint.undo({ kind: 'scenario', id: 1 })).toHaveLength(1);
  expect((await world.checkpoints()).map((each) => each.name)).toEqual(['before']);
  await rename('Once more');
  await world.reset();
  expect(await nameNow()).toBe('Greeting');
});

test('tokens have exactly the scopes that they were created with', async ({ world }) => {
  world.token = await world.createToken(['teams:read'], { label: 'reader' });
  expect((await world.fetch('/teams/1')).status).toBe(200);
  expect((await world.fetch(`/scenarios?teamId=${world.teamId}`)).status).toBe(403);
  const reader = (await world.accessReport()).find((each) => each.label === 'reader');
  expect(reader).toMatchObject({ granted: ['teams:read'], refused: ['scenarios:read'] });
});

test('agents, OAuth clients and toolboxes are created', async ({ world }) => {
  const agent = await world.agents.create('ops', { 'scenarios/1': ['read', 'run'] }, { runs: 'check' });
  expect(await world.agents.get('ops')).toEqual(agent);
  expect((await world.agents.all()).map((each) => each.name)).toEqual(['ops']);
  await world.agents.delete('ops');
  expect(await world.agents.all()).toEqual([]);

  const client = await world.oauth.createClient({ name: 'App', redirectUris: ['https://app.example/back'] });
  expect(client.secret).toMatch(/^\w+/);
  expect((await world.oauth.clients()).map((each) => each.name)).toContain('App');
  const url = new URL(`${new URL(world.baseUrl).origin}/oauth/v2/authorize`);
  url.search = String(
    new URLSearchParams({
      client_id: client.id,
      redirect_uri: 'https://app.example/back',
      response_type: 'code',
      scope: 'scenarios:read',
      state: 's',
    }),
  );
  const request = await world.oauth.open(String(url));
  expect(await world.oauth.requests()).toEqual([request]);
  expect(new URL(await world.oauth.approve(request)).searchParams.get('code')).toMatch(/./);
  expect(await world.oauth.refuse(await world.oauth.open(String(url)))).toContain('error=access_denied');

  const toolbox = await world.toolboxes.create({ name: 'Tools', tools: [1] });
  expect((await world.toolboxes.createKey(toolbox.id, 'second')).label).toBe('second');
  expect((await world.toolboxes.all())[0]?.keys).toHaveLength(2);
  await world.toolboxes.delete(toolbox.id);
  expect(await world.toolboxes.all()).toEqual([]);
});

test('settings are changed, and reports read', async ({ world }) => {
  await world.changeSettings({ rateLimit: false, unmatched: 'fail' });
  expect((await world.fetch('/teams/1')).headers.get('X-RateLimit-Limit')).toBeNull();
  expect((await world.coverage()).endpoints.filter((each) => each.calls > 0).map((each) => each.path)).toEqual([
    '/teams/{teamId}',
  ]);
  expect((await world.provenance()).behaviours.length).toBeGreaterThan(3);
  await world.scriptConnection(1, 'invalid', 'Gone.');
  expect(await world.credentialRequests()).toEqual([]);
  expect((await world.lint({ scenarioId: 1 })).filter((each) => each.severity === 'error')).toEqual([]);
  expect((await world.mend({ scenarioId: 1 })).patch).toEqual([]);
});

test('a webhook receives a payload', async ({ world }) => {
  const { status, text } = await world.receive(1, { email: 'ann@example.com' });
  expect([status, text]).toEqual([200, 'Accepted']);
});

test('environment variables point clients to the world', ({ world }) => {
  expect(world.env).toEqual({
    MAKE_API_KEY: world.token,
    MAKE_ZONE: world.host,
    MAKE_BASE_URL: world.baseUrl,
    MAKE_TEAM: '1',
    MAKE_ORGANIZATION: '1',
  });
});
