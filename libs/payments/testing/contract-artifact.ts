import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const hex = z.string().regex(/^0x([0-9a-f]{2})+$/);

const artifactSchema = z.object({
  contract: z.string(),
  source: z.string(),
  sourceSha256: z.string(),
  abi: z.array(z.record(z.string(), z.unknown())),
  bytecode: hex,
  deployedBytecode: hex,
});

export type ContractArtifact = z.output<typeof artifactSchema>;

/** Reads a compiled contract of `contracts/artifacts`, from the sources as from the build. */
export async function readContractArtifact(
  contract: 'TestUsdc' | 'LocalMulticall3',
): Promise<ContractArtifact> {
  const file = new URL(`../../../contracts/artifacts/${contract}.json`, import.meta.url);
  const json: unknown = JSON.parse(await readFile(file, 'utf8'));
  return artifactSchema.parse(json);
}
