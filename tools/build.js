/**
 * Compiles apps, libraries, and scripts to `dist/` with SWC, the compiler that also runs the tests, copies what is not
 * TypeScript (SQL, contract artefacts), and has Vite build the dashboard. Types are `npm run check`'s business.
 */
import { transformFile } from '@swc/core';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDashboard } from './build-dashboard.js';
import { bundleWorker } from './bundle-worker.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sourceFolders = ['apps', 'libs', 'scripts', 'bench'];
const assetFolders = ['contracts/artifacts'];
/** A page for the browser, which another tool builds. */
const dashboardFolder = 'apps/dashboard/';

async function listFiles(folder) {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const isProgram = (file) =>
  file.endsWith('.ts') &&
  !file.endsWith('.spec.ts') &&
  !file.endsWith('.d.ts') &&
  !file.startsWith(dashboardFolder);
const isAsset = (file) =>
  file.endsWith('.sql') || assetFolders.some((folder) => file.startsWith(`${folder}/`));

const files = (await Promise.all([...sourceFolders, ...assetFolders].map(listFiles))).flat();
const inputs = [...new Set(files.filter((file) => isProgram(file) || isAsset(file)))].sort();

/** What each output was made from: only what changed is compiled, and outputs without a source are removed. */
const manifestFile = join(root, 'dist/.manifest.json');
const before = JSON.parse(await readFile(manifestFile, 'utf8').catch(() => '{}'));
const compiler = await readFile(join(root, '.swcrc'));
const after = {};

/** Two builds may run at once (a test run beside `npm start`): readers see the old file or the new one, never half. */
async function writeWhole(file, content) {
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}.partial`;
  await writeFile(partial, content);
  await rename(partial, file);
}

const outputOf = (file) => (isProgram(file) ? file.replace(/\.ts$/, '.js') : file);

async function build(file) {
  const source = await readFile(join(root, file));
  const output = outputOf(file);
  const target = join(root, 'dist', output);
  after[output] = createHash('sha256').update(compiler).update(source).digest('hex');
  if (before[output] === after[output] && existsSync(target)) return false;
  if (!isProgram(file)) {
    await writeWhole(target, source);
    return true;
  }
  const { code, map } = await transformFile(join(root, file), { cwd: root, swcrc: true });
  await writeWhole(`${target}.map`, map ?? '');
  await writeWhole(target, `${code}\n//# sourceMappingURL=${basename(target)}.map\n`);
  return true;
}

const built = (await Promise.all(inputs.map(build))).filter(Boolean).length;
const orphans = Object.keys(before).filter((output) => !(output in after));
await Promise.all(
  orphans.flatMap((output) =>
    ['', '.map'].map((suffix) => rm(join(root, 'dist', output + suffix), { force: true })),
  ),
);
if (built + orphans.length > 0) {
  await writeWhole(manifestFile, JSON.stringify(after));
  process.stderr.write(`built ${built} of ${inputs.length} files\n`);
}
try {
  if (await buildDashboard()) process.stderr.write('built the dashboard\n');
} catch (error) {
  // The page of before is still there. Who works on the page sees the error; the tests of other parts can run.
  process.stderr.write(`the dashboard was not built: ${String(error)}\n`);
  if (process.env.CI) process.exitCode = 1;
}
try {
  if (await bundleWorker(root)) process.stderr.write('bundled the worker\n');
} catch (error) {
  process.stderr.write(`the worker was not bundled: ${String(error)}\n`);
  if (process.env.CI) process.exitCode = 1;
}
