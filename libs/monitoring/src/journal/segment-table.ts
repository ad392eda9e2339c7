import type Database from 'libsql';
import { z } from 'zod';

import type { Segment } from '../segments/service-state.js';
import type { Span } from '../segments/window-sums.js';
import { epochMs, serviceRows } from './journal-rows.js';
import { readOwnSegments, segmentColumns } from './own-segments.js';
import { jsonOf } from './raw-rows.js';

const continues = (open: Segment, next: Segment) =>
  open.state === next.state &&
  open.reason === next.reason &&
  open.inferred === next.inferred &&
  open.containerId === next.containerId;

const extentRow = z.object({ from_ms: epochMs.nullable(), to_ms: epochMs.nullable() });

/** Segments that one transaction removes, some milliseconds' work. */
const removedAtOnce = 2_000;

/** The segments of all services. The last one of a service that is watched stays open, up to the watermark. */
export class SegmentTable {
  /** The open segment of each service as the database has it. */
  private open = new Map<string, Segment>();
  /** From when to when there are segments at all, so that services of another time cost a window nothing. */
  private readonly extents = new Map<string, Span>();
  private readonly insert;
  private readonly setEnd;
  private readonly select;
  private readonly extent;
  private readonly remove;

  constructor(private readonly database: Database.Database) {
    this.insert = database.prepare('INSERT INTO segments VALUES (?, ?, NULL, ?, ?, ?, ?)');
    this.setEnd = database.prepare('UPDATE segments SET to_ms = ? WHERE service = ? AND from_ms = ?');
    this.select = database
      .prepare(
        `SELECT json_group_array(json_array(${segmentColumns}) ORDER BY from_ms) FROM segments
         WHERE service = ? AND from_ms < ? AND from_ms >=
           coalesce((SELECT max(from_ms) FROM segments WHERE service = ? AND from_ms <= ?), 0)`,
      )
      .raw();
    this.extent = database.prepare(
      `SELECT (SELECT min(from_ms) FROM segments WHERE service = ?) AS from_ms,
         (SELECT to_ms FROM segments WHERE service = ? ORDER BY from_ms DESC LIMIT 1) AS to_ms`,
    );
    this.remove = database.prepare(
      `DELETE FROM segments WHERE service = ? AND from_ms IN (
         SELECT from_ms FROM segments WHERE service = ? AND from_ms < ? AND to_ms <= ?
         ORDER BY from_ms LIMIT ${removedAtOnce})`,
    );
  }

  /** Closes what an earlier run left open: nothing is known beyond its watermark. */
  closeAll(watermarkMs: number): void {
    this.database.prepare('UPDATE segments SET to_ms = ? WHERE to_ms IS NULL').run(watermarkMs);
    this.open.clear();
  }

  load(): void {
    // Skips from one service to the next in the index instead of reading every segment.
    const sql = `WITH RECURSIVE names(service) AS (
      SELECT min(service) FROM segments
      UNION ALL SELECT (SELECT min(service) FROM segments WHERE service > names.service) FROM names
      WHERE names.service IS NOT NULL
    ) SELECT service FROM names WHERE service IS NOT NULL`;
    for (const { service } of serviceRows.parse(this.database.prepare(sql).all())) this.readExtent(service);
  }

  private readExtent(service: string) {
    const row = extentRow.parse(this.extent.get(service, service));
    if (row.from_ms === null) this.extents.delete(service);
    else this.extents.set(service, { fromMs: row.from_ms, toMs: row.to_ms ?? Infinity });
  }

  /** Services whose last segment is open, before `closeAll`. */
  openServices(): string[] {
    const rows = this.database.prepare('SELECT service FROM segments WHERE to_ms IS NULL').all();
    return serviceRows.parse(rows).map(({ service }) => service);
  }

  /** Services that may have a segment in the span. */
  services({ fromMs, toMs }: Span): string[] {
    return [...this.extents]
      .filter(([, extent]) => extent.fromMs < toMs && extent.toMs > fromMs)
      .map(([service]) => service);
  }

  /** Writes segments that follow the open one; call within a transaction, and `keep` after it. */
  append(service: string, segments: readonly Segment[], staged: Map<string, Segment | null>): void {
    for (const segment of segments) {
      const open = staged.has(service) ? staged.get(service) : this.open.get(service);
      if (open?.toMs === segment.fromMs && continues(open, segment)) {
        staged.set(service, { ...open, toMs: segment.toMs });
        continue;
      }
      if (open) this.close(service, open);
      const { fromMs, state, reason, inferred, containerId } = segment;
      this.insert.run(service, fromMs, state, reason, inferred ? 1 : 0, containerId);
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
      const wasOpen = this.open.has(service);
      if (segment) this.open.set(service, segment);
      else this.open.delete(service);
      if (!wasOpen || !segment) this.readExtent(service);
    }
  }

  private close(service: string, open: Segment) {
    this.setEnd.run(open.toMs, service, open.fromMs);
  }

  /** In order of time; the first and the last may reach beyond the window. */
  within(service: string, { fromMs, toMs }: Span, watermarkMs: number): Segment[] {
    const json = jsonOf(this.select.get(service, toMs, service, fromMs), 'a list of segments');
    return readOwnSegments(json, watermarkMs).filter((segment) => segment.toMs > fromMs);
  }

  /**
   * Removes some of the segments that ended by `untilMs`.
   * @returns whether there may be more
   */
  removeSome(untilMs: number): boolean {
    for (const [service, { fromMs }] of this.extents) {
      if (fromMs >= untilMs) continue;
      const { changes } = this.remove.run(service, service, untilMs, untilMs);
      this.readExtent(service);
      if (changes > 0) return true;
    }
    return false;
  }
}
