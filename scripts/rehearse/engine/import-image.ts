import type Docker from 'dockerode';
import { spawn } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { plainEnvironment, runCommand, runOrThrow } from './run-command.js';

interface ImageContent {
  /** Programs of this machine, each with the libraries it is linked to: path in the image → path here. */
  programs?: Record<string, string>;
  /** Whole folders, symbolic links kept: path in the image → path here. */
  folders?: Record<string, string>;
  /** Small files: path in the image → content; those below a `bin` folder become executable. */
  files?: Record<string, string>;
  /** Symbolic links: path in the image → target. */
  links?: Record<string, string>;
  /** Programs of busybox, as links to it. */
  busybox?: string[];
  /** One instruction for the image, such as `ENV NAME=value`. */
  change?: string;
}

const emptyFolders = ['dev', 'etc', 'proc', 'run', 'sys', 'tmp', 'var'];
const accounts =
  'root:x:0:0:root:/root:/bin/sh\npostgres:x:999:999::/var/lib/postgresql:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\n';

/** The path of a program of this machine. @throws when it is not installed */
export const whereIs = async (program: string): Promise<string> =>
  (
    await runOrThrow('sh', ['-c', `command -v ${program}`], {
      environment: plainEnvironment({ PATH: `${plainEnvironment().PATH ?? ''}:/usr/sbin:/sbin` }),
    })
  ).trim();

/** A static program has none, which `ldd` says with an exit code. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await runCommand('ldd', [program], { environment: plainEnvironment() });
  return [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(([, path]) => path ?? '');
}

/** Parts of the C library that `ldd` need not name: those of the first row do its DNS, packages with native code ask for the rest. */
const cLibraryParts = [
  ...['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'],
  ...['libdl.so.2', 'libm.so.6', 'libpthread.so.0', 'librt.so.1', 'libutil.so.1'],
];

async function stage(folder: string, content: ImageContent): Promise<void> {
  const at = async (path: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    return join(folder, path);
  };
  for (const name of emptyFolders) await mkdir(join(folder, name), { recursive: true });
  await chmod(join(folder, 'tmp'), 0o1777);
  const programs = { ...content.programs, '/bin/busybox': await whereIs('busybox') };
  const libraries = new Set<string>();
  for (const [path, source] of Object.entries(programs)) {
    await copyFile(source, await at(path));
    for (const library of await librariesOf(source)) libraries.add(library);
  }
  const libc = [...libraries].find((library) => library.endsWith('/libc.so.6'));
  if (libc !== undefined) {
    for (const name of cLibraryParts) libraries.add(join(dirname(libc), name));
  }
  for (const library of libraries) await copyFile(library, await at(library));
  for (const [path, source] of Object.entries(content.folders ?? {})) {
    await cp(source, await at(path), { recursive: true, verbatimSymlinks: true });
  }
  const files = {
    '/etc/passwd': accounts,
    '/etc/group': 'root:x:0:\npostgres:x:999:\nnode:x:1000:\n',
    '/etc/nsswitch.conf': 'hosts: files dns\n',
    ...content.files,
  };
  for (const [path, text] of Object.entries(files)) {
    await writeFile(await at(path), text, { mode: path.includes('/bin/') ? 0o755 : 0o644 });
  }
  for (const name of content.busybox ?? []) await symlink('/bin/busybox', await at(`/bin/${name}`));
  for (const [path, target] of Object.entries(content.links ?? {})) await symlink(target, await at(path));
}

/**
 * Makes an image of what is on this machine, as `docker import` does, because no registry of images can be reached
 * where the tests run.
 * @returns the id of the image
 */
export async function importImage(docker: Docker, name: string, content: ImageContent): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'image-'));
  try {
    await stage(folder, content);
    const tar = spawn('tar', ['-C', folder, '--numeric-owner', '--owner=0', '--group=0', '-c', '.'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const answer = await docker.importImage(tar.stdout, {
      repo: name,
      tag: 'latest',
      ...(content.change === undefined ? {} : { changes: content.change }),
    });
    await finished(answer.resume());
    return (await docker.getImage(name).inspect()).Id;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes an image and all that was built from it, the untagged stages of builds too. */
export async function removeImageAndChildren(docker: Docker, id: string): Promise<void> {
  const images = await docker.listImages({ all: true });
  for (const child of images.filter(({ ParentId }) => ParentId === id)) {
    await removeImageAndChildren(docker, child.Id);
  }
  // Docker removes an untagged parent together with its last child.
  await docker
    .getImage(id)
    .remove({ force: true })
    .catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
}

const isMissing = (error: unknown) =>
  typeof error === 'object' && error !== null && 'statusCode' in error && error.statusCode === 404;
