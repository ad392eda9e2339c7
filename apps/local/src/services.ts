import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';

import { readIfExists } from '#platform';

import { dockerClient } from './engine.js';

const usage = `npm run services -- COMMAND [SERVICE …]

  list            what runs
  stop SERVICE …  stops services of the running local stack; their next full period goes unpaid
  start SERVICE … starts them again
  --state FOLDER  where the state lives (default .local)`;

const stackSchema = z.object({ docker_host: z.string() });

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

async function readDockerHost(stateDir: string): Promise<string> {
  const file = join(stateDir, 'stack.json');
  const text = await readIfExists(file);
  if (text === undefined) fail(`${file} is not there: start the local stack first, with npm start.`);
  return stackSchema.parse(JSON.parse(text)).docker_host;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { state: { type: 'string', default: '.local' }, help: { type: 'boolean', default: false } },
  });
  const [command, ...names] = positionals;
  if (values.help || command === undefined) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const docker = dockerClient(await readDockerHost(values.state));
  if (command === 'list') {
    for (const { Names, State } of await docker.listContainers({ all: true })) {
      process.stdout.write(`${State.padEnd(10)} ${Names.map((name) => name.slice(1)).join(', ')}\n`);
    }
    return;
  }
  if ((command !== 'stop' && command !== 'start') || names.length === 0) fail(usage);
  for (const name of names) {
    const container = docker.getContainer(name);
    try {
      await (command === 'stop' ? container.stop({ t: 1 }) : container.start());
      process.stdout.write(`${name} ${command === 'stop' ? 'stopped' : 'started'}\n`);
    } catch (error) {
      const status = z.object({ statusCode: z.number() }).safeParse(error).data?.statusCode;
      if (status === 304)
        process.stdout.write(`${name} was ${command === 'stop' ? 'stopped' : 'running'} already\n`);
      else fail(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

await main();
