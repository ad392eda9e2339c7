/** Keys of the latest events, so that one delivered twice counts once. Twice the Engine's own buffer of 256. */
const remembered = 512;

export class SeenEvents {
  private readonly keys = new Set<string>();

  /** Whether the event is new. */
  add(key: string): boolean {
    if (this.keys.has(key)) return false;
    this.keys.add(key);
    if (this.keys.size > remembered) {
      const [oldest] = this.keys;
      if (oldest !== undefined) this.keys.delete(oldest);
    }
    return true;
  }
}
