import { z } from 'zod';

export const placeholder = {
  containerId: 'c'.repeat(64),
  imageId: 'e'.repeat(64),
  otherId: 'f'.repeat(64),
  service: 'service',
  renamed: 'renamed',
  image: 'image:1',
  engineId: 'ENGI:NEID',
};

export interface Redaction {
  prefix: string;
  containerIds: ReadonlySet<string>;
  imageId: string;
  engineId: string;
  directories: readonly string[];
}

/** Replaces ids, names and paths in a text of the Engine by such that say nothing about where it was recorded. */
export function redact(
  text: string,
  { prefix, containerIds, imageId, engineId, directories }: Redaction,
): string {
  let clean = text;
  for (const directory of directories) clean = clean.replaceAll(directory, '/var/lib/docker');
  if (engineId !== '') clean = clean.replaceAll(engineId, placeholder.engineId);
  for (const id of containerIds) {
    clean = clean.replaceAll(id, placeholder.containerId);
    clean = clean.replaceAll(id.slice(0, 12), placeholder.containerId.slice(0, 12));
  }
  return clean
    .replaceAll(imageId, placeholder.imageId)
    .replace(/[0-9a-f]{64}/g, (id) => (/^(.)\1*$/.test(id) ? id : placeholder.otherId))
    .replaceAll(`localhost/${prefix}:latest`, placeholder.image)
    .replaceAll(`${prefix}-renamed`, placeholder.renamed)
    .replaceAll(new RegExp(`${prefix}-[a-z]+`, 'g'), placeholder.service)
    .replaceAll(prefix, placeholder.image);
}

const infoSchema = z.object({ ID: z.string(), ServerVersion: z.string(), LiveRestoreEnabled: z.boolean() });

/** `GET /info` tells a lot about the machine; this much is kept. */
export const redactInfo = (body: string): string => JSON.stringify(infoSchema.parse(JSON.parse(body)));

/** The kernel names the machine that it runs on. */
export const redactVersion = (body: string): string => body.replace(/("KernelVersion":")[^"]*/g, '$1kernel');
