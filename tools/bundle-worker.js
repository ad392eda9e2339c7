/**
 * Puts the worker into one file, `dist/worker/main.js`: what runs beside the services of others should start fast and
 * need little. Of 1,300 modules most of the time and a sixth of the memory went into finding and keeping them.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

const program = 'dist/apps/worker/src/main.js';
const folder = 'dist/worker';
const inputsFile = `${folder}/.inputs.json`;

/** Stay packages: native code, those that serve their own files, and what the framework would take if it were there. */
const external = [
  /^(libsql|secp256k1|tiny-secp256k1|swagger-ui-dist|@fastify\/(static|view|multipart))(\/|$)/,
  /^@nestjs\/(platform-express|websockets|microservices|graphql|mongoose|typeorm|sequelize|axios)(\/|$)/,
  /^(class-transformer|class-validator|@grpc\/.*|@mikro-orm\/core)(\/|$)/,
];

/** V8 keeps a text that is ASCII in half the memory. What is no ASCII stands in strings and patterns. */
const toAscii = (code) =>
  code.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

async function hashesOf(root, files) {
  const hash = async (file) => {
    const content = await readFile(join(root, file)).catch(() => '');
    return [file, createHash('sha256').update(content).digest('hex')];
  };
  return Object.fromEntries(await Promise.all(files.map(hash)));
}

async function isCurrent(root) {
  const before = JSON.parse(await readFile(join(root, inputsFile), 'utf8').catch(() => '{}'));
  const files = Object.keys(before);
  if (files.length === 0 || !existsSync(join(root, folder, 'main.js'))) return false;
  const now = await hashesOf(root, files);
  return files.every((file) => now[file] === before[file]);
}

/** Whole and under its name at once, for two builds may run at a time. */
async function writeWhole(file, content) {
  await mkdir(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}.partial`;
  await writeFile(partial, content);
  await rename(partial, file);
}

/** Whether there was something to do: the compiled files and the packages decide. */
export async function bundleWorker(root) {
  if (await isCurrent(root)) return false;
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({
    cwd: root,
    input: program,
    platform: 'node',
    external,
    // Packages that only some installations have are asked for inside a try.
    logLevel: 'silent',
  });
  const { output } = await bundle.generate({
    format: 'esm',
    // Names stay: Nest and the log go by those of classes, people by those of functions in a stack.
    minify: { compress: true, mangle: { keepNames: true }, codegen: { removeWhitespace: true } },
    keepNames: true,
    comments: { legal: false },
  });
  await bundle.close();
  const chunks = output.filter(({ type }) => type === 'chunk');
  // The entry last: what it imports is there before it is.
  for (const { fileName, code } of chunks.sort((a, b) => Number(a.isEntry) - Number(b.isEntry))) {
    await writeWhole(join(root, folder, fileName), toAscii(code));
  }
  const compiled = chunks
    .flatMap(({ moduleIds }) => moduleIds)
    .filter((id) => id.startsWith(join(root, 'dist')))
    .map((id) => relative(root, id));
  const inputs = await hashesOf(root, [...compiled, 'package-lock.json', 'tools/bundle-worker.js']);
  await writeWhole(join(root, inputsFile), JSON.stringify(inputs));
  return true;
}
