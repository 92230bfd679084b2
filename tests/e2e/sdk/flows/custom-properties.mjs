// Custom properties: a structure with an item, and the values of a scenario.
import { connect, organizationId, refusal, report, teamId } from '../client.mjs';

const make = connect();
const results = {};
const structure = await make.customPropertyStructures.create({
  associatedType: 'scenario',
  belongerType: 'organization',
  belongerId: organizationId,
});
results.listed = await make.customPropertyStructures.list(organizationId);
results.second = await refusal(
  make.customPropertyStructures.create({
    associatedType: 'scenario',
    belongerType: 'organization',
    belongerId: organizationId,
  }),
);
results.item = await make.customPropertyStructures.items.create(structure.id, {
  name: 'reviewer',
  label: 'Reviewer',
  type: 'shortText',
  required: false,
});
const { id } = await make.scenarios.create({
  teamId,
  scheduling: '{"type":"on-demand"}',
  blueprint: '{"flow":[],"metadata":{},"name":"With properties"}',
});
const values = make.scenarios.customProperties;
results.before = await values.get(id);
results.missing = await refusal(values.update(id, { reviewer: 'Ada' }));
results.created = await values.create(id, { reviewer: 'Ada' });
results.updated = await values.update(id, { reviewer: 'Bea' });
results.replaced = await values.replace(id, {});
await values.delete(id);
results.after = await values.get(id);
report(results);
