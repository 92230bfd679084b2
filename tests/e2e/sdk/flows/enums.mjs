// The fixed lists that the vendor's client can ask for.
import { connect, report } from '../client.mjs';

const make = connect();
report({
  countries: await make.enums.countries(),
  regions: await make.enums.regions(),
  timezones: await make.enums.timezones(),
});
