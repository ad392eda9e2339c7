import type Database from 'libsql';

import type { Segment } from '../segments/service-state.js';
import type { Span } from '../segments/window-sums.js';
import { segmentRows, serviceRows, toSegment } from './journal-rows.js';

const continues = (open: Segment, next: Segment) =>
  open.state === next.state &&
  open.reason === next.reason &&
  open.inferred === next.inferred &&
  open.containerId === next.containerId;

/** The segments of all services. The last one of a service that is watched stays open, up to the watermark. */
export class SegmentTable {
  /** The open segment of each service as the database has it. */
  private open = new Map<string, Segment>();
  readonly services = new Set<string>();

  constructor(private readonly database: Database.Database) {}

  /** Closes what an earlier run left open: nothing is known beyond its watermark. */
  closeAll(watermarkMs: number): void {
    this.database.prepare('UPDATE segments SET to_ms = ? WHERE to_ms IS NULL').run(watermarkMs);
    this.open.clear();
  }

  loadServices(): void {
    // Skips from one service to the next in the index instead of reading every segment.
    const sql = `WITH RECURSIVE names(service) AS (
      SELECT min(service) FROM segments
      UNION ALL SELECT (SELECT min(service) FROM segments WHERE service > names.service) FROM names
      WHERE names.service IS NOT NULL
    ) SELECT service FROM names WHERE service IS NOT NULL`;
    for (const { service } of serviceRows.parse(this.database.prepare(sql).all())) this.services.add(service);
  }

  /** Services whose last segment is open, before `closeAll`. */
  openServices(): string[] {
    const rows = this.database.prepare('SELECT service FROM segments WHERE to_ms IS NULL').all();
    return serviceRows.parse(rows).map(({ service }) => service);
  }

  /** Writes segments that follow the open one; call within a transaction, and `keep` or `discard` after it. */
  append(service: string, segments: readonly Segment[], staged: Map<string, Segment | null>): void {
    const insert = this.database.prepare('INSERT INTO segments VALUES (?, ?, NULL, ?, ?, ?, ?)');
    for (const segment of segments) {
      const open = staged.has(service) ? staged.get(service) : this.open.get(service);
      if (open?.toMs === segment.fromMs && continues(open, segment)) {
        staged.set(service, { ...open, toMs: segment.toMs });
        continue;
      }
      if (open) this.close(service, open);
      const { fromMs, state, reason, inferred, containerId } = segment;
      insert.run(service, fromMs, state, reason, inferred ? 1 : 0, containerId);
      staged.set(service, { ...segment });
    }
  }

  /** The service is no longer watched: its last segment ends where it was last seen. */
  end(service: string, staged: Map<string, Segment | null>): void {
    const open = staged.has(service) ? staged.get(service) : this.open.get(service);
    if (open) this.close(service, open);
    staged.set(service, null);
  }

  /** After the commit: the staged open segments are now those of the database. */
  keep(staged: ReadonlyMap<string, Segment | null>): void {
    for (const [service, segment] of staged) {
      this.services.add(service);
      if (segment) this.open.set(service, segment);
      else this.open.delete(service);
    }
  }

  private close(service: string, open: Segment) {
    this.database
      .prepare('UPDATE segments SET to_ms = ? WHERE service = ? AND from_ms = ?')
      .run(open.toMs, service, open.fromMs);
  }

  /** In order of time; the first and the last may reach beyond the window. */
  within(service: string, { fromMs, toMs }: Span, watermarkMs: number): Segment[] {
    const rows = this.database
      .prepare(
        `SELECT * FROM segments WHERE service = ? AND from_ms < ? AND from_ms >=
           coalesce((SELECT max(from_ms) FROM segments WHERE service = ? AND from_ms <= ?), 0)
         ORDER BY from_ms`,
      )
      .all(service, toMs, service, fromMs);
    return segmentRows
      .parse(rows)
      .map((row) => toSegment(row, watermarkMs))
      .filter((segment) => segment.toMs > fromMs);
  }
}
