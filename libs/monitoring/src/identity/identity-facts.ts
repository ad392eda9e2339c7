import { z } from 'zod';

/** What an inspection says of where a container comes from. Compared at once and not kept: arguments may hold secrets. */
export interface IdentityFacts {
  /** Digests of the image: its id, and its manifest's where the Engine tells it. */
  images: string[];
  /** The program that runs and its arguments. */
  command: string[];
  mounts: { source: string; destination: string }[];
  networkMode: string;
}

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');

const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

const mountSchema = z.object({ Type: text, Name: text, Source: text, Destination: text, Target: text });

/** The parts of an inspection that tell the identity; what is absent matches no policy that asks for it. */
export const identityFields = {
  Image: text,
  ImageManifestDescriptor: z.object({ digest: text }).nullish(),
  Path: text,
  Args: list(z.string()),
  Mounts: list(mountSchema),
  HostConfig: z.object({ Binds: list(z.string()), Mounts: list(mountSchema), NetworkMode: text }).nullish(),
};

/** `source:destination[:options]`; a source is an absolute path of the host or the name of a volume. */
function parseBind(bind: string) {
  const [source = '', destination = ''] = bind.split(':');
  return { source, destination };
}

/** A memory file system brings nothing in from outside. */
const comesFromOutside = ({ Type }: { Type: string }) => Type !== 'tmpfs';

type Identity = z.output<z.ZodObject<typeof identityFields>>;

export function identityFacts(inspection: Identity): IdentityFacts {
  const { Image, ImageManifestDescriptor, Path, Args, Mounts, HostConfig } = inspection;
  const mounts = [...Mounts, ...(HostConfig?.Mounts ?? [])].filter(comesFromOutside);
  return {
    images: [Image, ImageManifestDescriptor?.digest ?? ''].filter((digest) => digest !== ''),
    command: Path === '' ? [] : [Path, ...Args],
    mounts: [
      ...mounts.map(({ Name, Source, Destination, Target }) => ({
        source: Name || Source,
        destination: Destination || Target,
      })),
      ...(HostConfig?.Binds ?? []).map(parseBind),
    ],
    networkMode: HostConfig?.NetworkMode ?? '',
  };
}
