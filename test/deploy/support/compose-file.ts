import { load } from 'js-yaml';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export const repository = fileURLToPath(new URL('../../../', import.meta.url));
export const composeFile = `${repository}docker-compose.manager.yml`;

const serviceSchema = z.object({
  image: z.string(),
  container_name: z.string(),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string().nullable()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  networks: z.array(z.string()),
  restart: z.string(),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
});

export const readComposeFile = (): unknown => load(readFileSync(composeFile, 'utf8'));

/** The services as the file has them, with `${NAME:-default}` not yet replaced. */
export const readServices = () =>
  z.object({ services: z.record(z.string(), serviceSchema) }).parse(readComposeFile()).services;
