/** Container names as Docker allows them; `*` makes one a glob. */
const allowed = /^[a-zA-Z0-9*][a-zA-Z0-9_.*-]*$/;

export class InvalidServiceNameError extends Error {
  constructor(name: string) {
    super(`${JSON.stringify(name)} is neither a container name nor a glob such as s1_*`);
    this.name = 'InvalidServiceNameError';
  }
}

const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Which containers are services: exact names, which count whether they exist or not, and globs for what exists. */
export class ServiceSelection {
  readonly exactNames: readonly string[];
  readonly globs: readonly string[];
  private readonly patterns: readonly RegExp[];

  /** @throws InvalidServiceNameError */
  constructor(services: readonly string[]) {
    const unique = [...new Set(services)];
    const invalid = unique.find((name) => !allowed.test(name));
    if (invalid !== undefined) throw new InvalidServiceNameError(invalid);
    this.exactNames = unique.filter((name) => !name.includes('*'));
    this.globs = unique.filter((name) => name.includes('*'));
    this.patterns = this.globs.map((glob) => new RegExp(`^${glob.split('*').map(escape).join('.*')}$`));
  }

  /** The choice as a text: equal for equal choices. */
  get key(): string {
    return [...this.exactNames, ...this.globs].sort().join();
  }

  isExact(name: string): boolean {
    return this.exactNames.includes(name);
  }

  /** Globs that none of these names matches. */
  emptyGlobs(names: Iterable<string>): string[] {
    const all = [...names];
    return this.globs.filter((_, index) => !all.some((name) => this.patterns[index]?.test(name)));
  }

  matchesGlob(name: string): boolean {
    return this.patterns.some((pattern) => pattern.test(name));
  }

  includes(name: string): boolean {
    return this.exactNames.includes(name) || this.matchesGlob(name);
  }

  /** Exact names in their order, then the others by name. */
  order(names: Iterable<string>): string[] {
    const others = [...names].filter((name) => !this.exactNames.includes(name) && this.matchesGlob(name));
    return [...this.exactNames, ...[...new Set(others)].sort()];
  }
}
