import Docker from 'dockerode';
import { z } from 'zod';

import { RealContainers } from '../../real-engine/real-containers.js';
import type { EngineRecording, RecordedDeed, RecordedState } from '../engine-recording.js';
import { EngineQuestions } from './engine-questions.js';
import { redact, redactInfo, redactVersion, type Redaction } from './redaction.js';

/** Events may be told a little after the deed has returned. */
const stragglersMs = 400;

const inspectionSchema = z.looseObject({
  Id: z.string(),
  Image: z.string(),
  State: z.looseObject({ Status: z.string() }),
  RestartCount: z.number(),
});
const versionSchema = z.object({ Version: z.string() });
const infoSchema = z.object({ ID: z.string().default('') });

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** One real Engine that is asked and to which things are done, while it is written down what it says. */
export class RecordingSession {
  private readonly containerIds = new Set<string>();
  private imageId = '';
  private engineId = '';
  readonly states: Partial<Record<RecordedState, string>> = {};
  readonly deeds: Partial<Record<RecordedDeed, string[]>> = {};
  private listed = '';
  private inspection = '';
  private eventContentType = '';

  private constructor(
    readonly questions: EngineQuestions,
    readonly containers: RealContainers,
    private readonly directories: readonly string[],
  ) {}

  /** @param directories where the Engine keeps things, to be replaced in what it says */
  static async open(socketPath: string, directories: readonly string[]): Promise<RecordingSession> {
    const docker = new Docker({ socketPath, timeout: 60_000 });
    return new RecordingSession(
      new EngineQuestions(socketPath),
      await RealContainers.on(docker),
      directories,
    );
  }

  get service(): string {
    return this.containers.name('service');
  }

  /** Does something and writes down every event of it; `pick` takes those that are meant. */
  async deed(
    name: RecordedDeed,
    act: () => Promise<unknown>,
    pick: (lines: string[]) => string[] = (lines) => lines,
  ): Promise<void> {
    const told = await this.questions.listen();
    await act();
    await wait(stragglersMs);
    this.eventContentType = told.contentType;
    this.deeds[name] = pick(told.end());
  }

  /** Writes down what an inspection says of the container, once it is in that state. */
  readonly state = async (
    name: RecordedState,
    container: string,
    isIt: (state: Record<string, unknown>) => boolean = () => true,
  ): Promise<void> => {
    for (let tries = 0; tries < 500; tries++) {
      const { body } = await this.questions.ask(`/containers/${container}/json`);
      const { Id, Image, State, RestartCount } = inspectionSchema.parse(JSON.parse(body));
      this.containerIds.add(Id);
      this.imageId = Image.replace('sha256:', '');
      if (isIt(State)) {
        this.states[name] = JSON.stringify({ State, RestartCount });
        return;
      }
      await wait(10);
    }
    throw new Error(`${container} did not become ${name}`);
  };

  /** Podman leaves the pace of health checks to systemd; where there is none each is asked for. */
  async checkNow(container: string): Promise<void> {
    await this.questions.ask(`/v4.0.0/libpod/containers/${container}/healthcheck`);
  }

  /** The whole of one running container. */
  async whole(container: string): Promise<void> {
    this.inspection = (await this.questions.ask(`/containers/${container}/json`)).body;
    const filters = encodeURIComponent(JSON.stringify({ name: [container] }));
    const list = z
      .array(z.unknown())
      .parse(JSON.parse((await this.questions.ask(`/containers/json?all=1&filters=${filters}`)).body));
    this.listed = JSON.stringify(list[0]);
  }

  async recording(): Promise<EngineRecording> {
    const version = await this.questions.ask('/version');
    const info = await this.questions.ask('/info');
    const missing = await this.questions.ask('/containers/nobody/json');
    this.engineId = infoSchema.parse(JSON.parse(info.body)).ID;
    const podman = 'libpod-api-version' in version.headers;
    const clean = (text: string) => redact(text, this.redaction).trim();
    return {
      engine: `${podman ? 'Podman' : 'Docker'} ${versionSchema.parse(JSON.parse(version.body)).Version}`,
      headers: Object.fromEntries(
        Object.entries(version.headers).filter(
          ([name]) => !['date', 'content-length', 'x-reference-id', 'content-type'].includes(name),
        ),
      ),
      eventContentType: this.eventContentType,
      version: clean(redactVersion(version.body)),
      info: clean(redactInfo(info.body)),
      missing: clean(missing.body),
      inspection: clean(this.inspection),
      states: Object.fromEntries(Object.entries(this.states).map(([name, text]) => [name, clean(text)])),
      listed: clean(this.listed),
      deeds: Object.fromEntries(Object.entries(this.deeds).map(([name, lines]) => [name, lines.map(clean)])),
    };
  }

  async end(): Promise<void> {
    await this.containers.end();
    await this.questions.end();
  }

  private get redaction(): Redaction {
    const { containerIds, imageId, engineId, directories } = this;
    return { prefix: this.containers.prefix, containerIds, imageId, engineId, directories };
  }
}
