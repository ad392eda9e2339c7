import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeFile, repository } from './compose-file.js';
import { plainEnvironment, runCommand, runOrThrow } from './run-command.js';

interface ComposeProjectOptions {
  /** Of the project and of all that it makes, so that nothing on this Engine is touched. */
  prefix: string;
  /** The content of its `.env`. */
  variables: Record<string, string>;
  /** Laid over the compose file: what would clash on a shared Engine. */
  override: object;
}

/** docker-compose.manager.yml, brought up beside whatever else runs on this Engine. */
export class ComposeProject {
  private constructor(
    private readonly folder: string,
    private readonly args: string[],
  ) {}

  static async create({ prefix, variables, override }: ComposeProjectOptions): Promise<ComposeProject> {
    const folder = await mkdtemp(join(tmpdir(), `${prefix}-`));
    const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    await writeFile(join(folder, 'env'), `${lines.join('\n')}\n`);
    // JSON is YAML.
    await writeFile(join(folder, 'override.yml'), JSON.stringify(override));
    const files = ['-f', composeFile, '-f', join(folder, 'override.yml')];
    return new ComposeProject(folder, [...files, '--env-file', join(folder, 'env'), '-p', prefix]);
  }

  /** @throws with what docker-compose printed, when it failed */
  run(args: string[], timeoutMs = 60_000): Promise<string> {
    const options = { environment: plainEnvironment(), folder: repository, timeoutMs };
    return runOrThrow('docker-compose', [...this.args, ...args], options);
  }

  async remove(): Promise<void> {
    const options = { environment: plainEnvironment(), folder: repository };
    await runCommand('docker-compose', [...this.args, 'down', '--volumes', '--timeout', '5'], options);
    await rm(this.folder, { recursive: true, force: true });
  }
}
