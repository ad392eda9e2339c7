import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

export class AnvilMissingError extends Error {
  override readonly name = 'AnvilMissingError';
  constructor(packageName: string) {
    super(
      `The local chain for this machine (${packageName}) is not installed; npm installs it with the rest.`,
    );
  }
}

/**
 * The program itself, in the platform's package. The package's own starter would stand between us and it: signals
 * would reach the starter and the program would be left running.
 */
export function findAnvil(): string {
  const packageName = `@foundry-rs/anvil-${platform()}-${arch() === 'x64' ? 'amd64' : arch()}`;
  try {
    const fromAnvil = createRequire(require.resolve('@foundry-rs/anvil/package.json'));
    const folder = dirname(fromAnvil.resolve(`${packageName}/package.json`));
    return join(folder, 'bin', platform() === 'win32' ? 'anvil.exe' : 'anvil');
  } catch {
    throw new AnvilMissingError(packageName);
  }
}
