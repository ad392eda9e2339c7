/**
 * Builds the page with Vite to `dist/apps/dashboard/page`, compressed beside as the distributor serves it. Does nothing
 * while none of its sources has changed.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'apps/dashboard');
const target = join(root, 'dist/apps/dashboard/page');
const stampFile = join(root, 'dist/apps/dashboard/.built-from');

async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** Of everything that the page is made from; packages count by the lock file. */
async function stampOf() {
  const hash = createHash('sha256');
  const files = (await filesIn(source)).filter((file) => !/\.(spec\.tsx?|md)$/.test(file));
  const inputs = [
    ...files.map((file) => join('apps/dashboard', file)),
    'package-lock.json',
    'tools/build-dashboard.js',
  ];
  for (const file of inputs) hash.update(`${file}\0`).update(await readFile(join(root, file)));
  return hash.digest('hex');
}

/** Fonts and images are compressed by their own formats. */
const isText = (file) => /\.(html|js|css|svg|json)$/.test(file);

async function compress(folder, file) {
  const content = await readFile(join(folder, file));
  await writeFile(join(folder, `${file}.br`), await promisify(brotliCompress)(content));
  await writeFile(join(folder, `${file}.gz`), await promisify(gzip)(content, { level: 9 }));
}

/** Two builds may run at once, and a server may be serving: each file is there as a whole or not yet, the page last. */
async function replacePage(folder) {
  const files = await filesIn(folder);
  const old = await filesIn(target).catch(() => []);
  for (const file of files.sort(
    (a, b) => Number(a.startsWith('index.html')) - Number(b.startsWith('index.html')),
  )) {
    await mkdir(dirname(join(target, file)), { recursive: true });
    await rename(join(folder, file), join(target, file));
  }
  const kept = new Set(files);
  await Promise.all(
    old.filter((file) => !kept.has(file)).map((file) => rm(join(target, file), { force: true })),
  );
}

export async function buildDashboard() {
  const stamp = await stampOf();
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return false;
  const { build } = await import('vite');
  const folder = join(root, `dist/apps/dashboard/.building-${process.pid}`);
  try {
    await build({
      configFile: join(source, 'vite.config.js'),
      logLevel: 'warn',
      build: { outDir: folder },
    });
    await Promise.all((await filesIn(folder)).filter(isText).map((file) => compress(folder, file)));
    await replacePage(folder);
    await writeFile(stampFile, stamp);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return true;
}
