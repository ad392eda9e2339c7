/**
 * Makes `npm start` and `npm test` work on a fresh clone: installs the packages when the lock file, the platform
 * or Node's ABI differ from what was installed last, and with `--build` compiles. Uses only Node's own modules.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const quiet = process.argv.includes('--quiet');

function stopWith(message) {
  process.stderr.write(`\n${message}\n`);
  process.exit(1);
}

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  stopWith(`Node ${process.versions.node} is too old: this project needs Node 20.19 or newer.`);
}

const stampFile = join(root, 'node_modules/.install-stamp');
const stamp = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .update([process.platform, process.arch, process.versions.modules].join(' '))
  .digest('hex');

function readStamp() {
  try {
    return readFileSync(stampFile, 'utf8');
  } catch {
    return '';
  }
}

function run(command, args, failure) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: quiet ? ['ignore', 2, 2] : 'inherit',
  });
  if (error || status !== 0) stopWith(`${failure}${error ? `: ${error.message}` : ''}`);
}

// `npm ci` was run by hand, as CI does.
if (process.argv.includes('--installed')) writeFileSync(stampFile, stamp);

if (readStamp() !== stamp) {
  process.stderr.write('Installing packages, once (about half a minute) …\n');
  const npm = process.env.npm_execpath;
  const install = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  if (npm) run(process.execPath, [npm, ...install], 'The packages could not be installed');
  else run('npm', install, 'The packages could not be installed');
  writeFileSync(stampFile, stamp);
}

if (process.argv.includes('--build'))
  run(process.execPath, [join(root, 'tools/build.js')], 'The build failed');
