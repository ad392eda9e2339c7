import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainEnvironment, runCommand, runOrThrow } from './run-command.js';

interface ComposeProjectOptions {
  /** Of the project and of all that it makes, so that nothing on this Engine is touched. */
  prefix: string;
  /** The checkout whose docker-compose.manager.yml is brought up. */
  folder: string;
}

/** docker-compose.manager.yml, brought up beside whatever else runs on this Engine. */
export class ComposeProject {
  private constructor(
    private readonly prefix: string,
    private readonly folder: string,
    private readonly settings: string,
  ) {}

  static async create({ prefix, folder }: ComposeProjectOptions): Promise<ComposeProject> {
    return new ComposeProject(prefix, folder, await mkdtemp(join(tmpdir(), `${prefix}-`)));
  }

  /**
   * @param variables the content of its `.env`
   * @param override laid over the compose file: what would clash on a shared Engine
   */
  async configure(variables: Readonly<Record<string, string>>, override: object): Promise<void> {
    const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    await writeFile(join(this.settings, 'env'), `${lines.join('\n')}\n`, { mode: 0o600 });
    // JSON is YAML.
    await writeFile(join(this.settings, 'override.yml'), JSON.stringify(override));
  }

  /** @throws with what docker-compose printed, when it failed */
  run(args: readonly string[], timeoutMs = 60_000): Promise<string> {
    const options = { environment: plainEnvironment(), folder: this.folder, timeoutMs };
    return runOrThrow('docker-compose', [...this.args(), ...args], options);
  }

  async remove(): Promise<void> {
    const options = { environment: plainEnvironment(), folder: this.folder };
    const down = ['down', '--volumes', '--remove-orphans', '--timeout', '5'];
    await runCommand('docker-compose', [...this.args(), ...down], options);
    await rm(this.settings, { recursive: true, force: true });
  }

  private args(): string[] {
    const files = [join(this.folder, 'docker-compose.manager.yml'), join(this.settings, 'override.yml')];
    return [
      ...files.flatMap((file) => ['-f', file]),
      '--env-file',
      join(this.settings, 'env'),
      '-p',
      this.prefix,
    ];
  }
}
