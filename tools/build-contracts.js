/**
 * Compiles `contracts/*.sol` to `contracts/artifacts/*.json`. The artefacts are committed, so that running and testing
 * need no compiler; each carries the hash of what it was made from, which a test compares.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import solc from 'solc';

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'contracts');
const artifacts = join(folder, 'artifacts');

/** `paris` knows no PUSH0 and runs on every chain since the merge. */
const settings = { evmVersion: 'paris', optimizer: { enabled: true, runs: 200 } };

const names = (await readdir(folder)).filter((name) => name.endsWith('.sol')).sort();
const sources = Object.fromEntries(
  await Promise.all(
    names.map(async (name) => [name, { content: await readFile(join(folder, name), 'utf8') }]),
  ),
);
const output = JSON.parse(
  solc.compile(
    JSON.stringify({
      language: 'Solidity',
      sources,
      settings: {
        ...settings,
        outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
      },
    }),
  ),
);

const faults = output.errors ?? [];
for (const fault of faults) process.stderr.write(`${fault.formattedMessage}\n`);
if (faults.some((fault) => fault.severity === 'error')) process.exit(1);

await mkdir(artifacts, { recursive: true });
for (const name of names) {
  for (const [contract, compiled] of Object.entries(output.contracts[name])) {
    const artifact = {
      contract,
      source: `contracts/${name}`,
      sourceSha256: createHash('sha256').update(sources[name].content).digest('hex'),
      compiler: `solc ${solc.version()}`,
      settings,
      abi: compiled.abi,
      bytecode: `0x${compiled.evm.bytecode.object}`,
      deployedBytecode: `0x${compiled.evm.deployedBytecode.object}`,
    };
    await writeFile(join(artifacts, `${contract}.json`), `${JSON.stringify(artifact, null, 2)}\n`);
    process.stdout.write(`${contract}: ${(artifact.deployedBytecode.length - 2) / 2} bytes\n`);
  }
}
