import { reasonText } from '../segments/reason-text.js';
import type { IdentityFacts } from './identity-facts.js';

/** What a container must be, besides bearing the name; what is undefined is not asked for. */
export interface IdentityPolicy {
  /** Digests, `sha256:` and 64 hexadecimal digits, of which the image must have one. */
  images?: readonly string[] | undefined;
  /** The program and its arguments, all of them. */
  command?: readonly string[] | undefined;
  /** Sources (paths of the host, names of volumes) or destinations of all that may be mounted. */
  binds?: readonly string[] | undefined;
}

const sameCommand = (left: readonly string[], right: readonly string[]) =>
  left.length === right.length && left.every((argument, at) => argument === right[at]);

/** Long enough to be told apart, short enough to be read. */
const short = (digest: string) =>
  digest.startsWith('sha256:') ? digest.slice(0, 'sha256:'.length + 12) : digest;

/**
 * The first difference between a container and its policy, for people; null when there is none. Of a command it says
 * only that it differs, because arguments may hold secrets.
 */
export function mismatchOf(facts: IdentityFacts, policy: IdentityPolicy | null): string | null {
  if (!policy) return null;
  const { images, command, binds } = policy;
  if (images && !facts.images.some((image) => images.includes(image))) {
    const [image] = facts.images;
    return image === undefined ? 'image not told' : reasonText(`image ${short(image)}`);
  }
  if (command && !sameCommand(facts.command, command)) return 'command';
  const unexpected =
    binds &&
    facts.mounts.find(({ source, destination }) => !binds.includes(source) && !binds.includes(destination));
  if (unexpected) return reasonText(`mount on ${unexpected.destination}`);
  // The services of another container would answer in its place.
  return facts.networkMode.startsWith('container:') ? 'network of another container' : null;
}
