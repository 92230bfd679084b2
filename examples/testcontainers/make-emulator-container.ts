// make-emulator-container.ts
import { startEmulator, type Emulator } from 'make-emulator';
import { AbstractStartedContainer, GenericContainer, Wait } from 'testcontainers';

const PORT = 4747;

export class MakeEmulatorContainer extends GenericContainer {
  readonly #key: string;

  constructor(image = 'ghcr.io/make-emulator/make-emulator:0.2.0', key = 'testcontainers') {
    super(image);
    this.#key = key;
    this.withExposedPorts(PORT)
      .withEnvironment({ MAKE_EMULATOR_CONTROL_KEY: key, MAKE_EMULATOR_ALLOWED_HOST: '*' })
      .withWaitStrategy(Wait.forHttp('/_emulator/ready', PORT).withHeaders({ 'X-Emulator-Key': key }));
  }

  override async start(): Promise<StartedMakeEmulatorContainer> {
    return new StartedMakeEmulatorContainer(await super.start(), this.#key);
  }
}

export class StartedMakeEmulatorContainer extends AbstractStartedContainer {
  constructor(started: ConstructorParameters<typeof AbstractStartedContainer>[0], readonly key: string) {
    super(started);
  }

  /** Returns the client: its worlds, their clocks, faults and request logs. */
  async emulator(): Promise<Emulator> {
    return startEmulator({ url: `http://${this.getHost()}:${this.getMappedPort(PORT)}`, controlKey: this.key });
  }
}
