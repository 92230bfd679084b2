// A connection to Make itself: created, tested, given a wrong key, tested again, deleted. Public templates by their slug.
import { connect, refusal, report, teamId, token } from '../client.mjs';

const make = connect();
const done = {};

done.created = await make.connections.create({
  teamId,
  name: 'To Make',
  accountName: 'make',
  data: { apiKey: token, url: 'https://eu1.make.com' },
});
const { id } = done.created;
done.read = await make.connections.get(id, { cols: ['id', 'name', 'accountName', 'teamId'] });
done.listed = await make.connections.list(teamId, { type: ['make'], cols: ['id', 'name'] });
done.renamed = (await make.connections.rename(id, 'To itself')).name;
done.verified = await make.connections.verify(id);
done.updated = await make.connections.update(id, { data: { apiKey: 'wrong', url: 'https://eu1.make.com' } });
done.wrong = await refusal(make.connections.verify(id));
done.scoped = await make.connections.scoped(id, ['read', 'write']);
done.editable = await make.connections.listEditableParameters(id);
await make.connections.delete(id);
done.gone = await refusal(make.connections.get(id));
done.unknownType = await refusal(make.connections.create({ teamId, name: 'x', accountName: 'nobody' }));

const [first] = await make.publicTemplates.list({ name: 'http' });
done.template = await make.publicTemplates.get(first.url);
done.blueprint = await make.publicTemplates.getBlueprint(first.url);
done.noTemplate = await refusal(make.publicTemplates.get('999-nothing'));

report(done);
