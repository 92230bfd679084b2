/** Emulator of the Make API v2 for tests: a server, its worlds, and the control API. */

export { ControlClient, ControlError, type ControlClientOptions, type HttpResponse } from './control.js';
export {
  CONTROL_ROUTES,
  queryParametersOf,
  type BodyOf,
  type CallOptions,
  type ControlApi,
  type PathOf,
  type QueryOf,
  type ResponseOf,
  type Route,
} from './control-api.js';
export { Emulator, startEmulator, type StartOptions, type WorldOptions } from './emulator.js';
export { WorldExecution, type FilterSelector, type ModuleSelector } from './execution.js';
export { WorldHttp, WorldOutbox, type MailFilter, type SentFilter } from './external-services.js';
export { WorldAssertionError } from './matching.js';
export { EmulatorStartError, findProgram, type Command, type ProgramOptions } from './program.js';
export { WorldRequests, type CallExpectation, type RequestFilter } from './requests.js';
export type * from './types.js';
export { VERSION } from './version.js';
export {
  World,
  WorldAgents,
  WorldCheckpoint,
  WorldClock,
  WorldFaults,
  WorldModules,
  WorldOAuth,
  WorldToolboxes,
  type Duration,
  type RunResponse,
} from './world.js';
