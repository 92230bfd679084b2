// Blueprints as the scenario editor exports them.

const settings = {
  instant: false,
  version: 1,
  scenario: {
    roundtrips: 1,
    maxErrors: 3,
    autoCommit: true,
    autoCommitTriggerLast: true,
    sequential: false,
    slots: null,
    confidential: false,
    dataloss: false,
    dlq: false,
    freshVariables: false,
  },
  designer: { orphans: [] },
  zone: 'eu1.make.com',
  notes: [],
};

const at = x => ({ designer: { x, y: 0 }, restore: {} });

/** Greets the person named by the input. */
export const greeting = {
  name: 'Greeting',
  flow: [
    {
      id: 2,
      module: 'scenario-service:ReturnData',
      version: 2,
      parameters: {},
      mapper: { greeting: 'Hello, {{var.input.name}}!' },
      metadata: { ...at(0), expect: [{ name: 'greeting', type: 'text' }] },
    },
  ],
  metadata: settings,
  io: {
    input_spec: [{ name: 'name', type: 'text', required: true }],
    output_spec: [{ name: 'greeting', type: 'text' }],
  },
};

/** Parses each text; what is no JSON breaks off and is kept for another attempt. */
export const parser = (...texts) => ({
  name: 'Parser',
  flow: [
    {
      id: 1,
      module: 'builtin:BasicFeeder',
      version: 1,
      parameters: {},
      mapper: { array: texts },
      metadata: at(0),
    },
    {
      id: 2,
      module: 'json:ParseJSON',
      version: 1,
      parameters: {},
      mapper: { json: '{{1.value}}' },
      metadata: at(300),
    },
  ],
  metadata: { ...settings, scenario: { ...settings.scenario, dlq: true } },
});

/** Adds an item to a data store, then tells the dearest item of its kind and how many records there are. */
export const stockKeeper = dataStoreId => ({
  name: 'Stock keeper',
  flow: [
    {
      id: 1,
      module: 'scenario-service:StartSubscenario',
      version: 2,
      parameters: {},
      mapper: {},
      metadata: at(0),
    },
    {
      id: 2,
      module: 'datastore:AddRecord',
      version: 1,
      parameters: { datastore: dataStoreId },
      mapper: {
        key: '{{1.key}}',
        overwrite: false,
        data: { kind: '{{lower(1.kind)}}', price: '{{1.price}}' },
      },
      metadata: at(300),
    },
    {
      id: 3,
      module: 'datastore:SearchRecord',
      version: 1,
      parameters: { datastore: dataStoreId, limit: 1, continueWhenNoRes: false },
      mapper: {
        filter: [[{ a: 'kind', o: 'text:equal', b: '{{2.data.kind}}' }]],
        sort: [{ key: 'price', order: '-1' }],
      },
      metadata: at(600),
    },
    {
      id: 4,
      module: 'datastore:Stats',
      version: 1,
      parameters: { datastore: dataStoreId },
      mapper: {},
      metadata: at(900),
    },
    {
      id: 5,
      module: 'scenario-service:ReturnData',
      version: 2,
      parameters: {},
      mapper: { added: '{{2.key}}', dearest: '{{3.key}}', price: '{{3.data.price}}', records: '{{4.count}}' },
      metadata: at(1200),
    },
  ],
  metadata: settings,
  interface: {
    input: [
      { name: 'key', type: 'text', required: true },
      { name: 'kind', type: 'text', required: true },
      { name: 'price', type: 'number', required: false, default: 1 },
    ],
    output: [
      { name: 'added', type: 'text' },
      { name: 'dearest', type: 'text' },
      { name: 'price', type: 'number' },
      { name: 'records', type: 'number' },
    ],
  },
});

/** Answers whoever calls the webhook with what they sent. */
export const webhookEcho = hookId => ({
  name: 'Echo',
  flow: [
    {
      id: 1,
      module: 'gateway:CustomWebHook',
      version: 1,
      parameters: { hook: hookId, maxResults: 1 },
      mapper: {},
      metadata: at(0),
    },
    {
      id: 2,
      module: 'gateway:WebhookRespond',
      version: 1,
      parameters: {},
      mapper: {
        status: '201',
        body: '{"sku":"{{1.sku}}","quantity":{{1.quantity}}}',
        headers: [{ key: 'Content-Type', value: 'application/json' }],
      },
      metadata: at(300),
    },
  ],
  metadata: { ...settings, instant: true },
});
