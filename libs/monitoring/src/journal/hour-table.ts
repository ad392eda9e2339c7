import type Database from 'libsql';
import { z } from 'zod';

import type { Span } from '../segments/window-sums.js';
import { hourMs } from './hour-archive.js';
import { epochMs } from './journal-rows.js';
import { rosterOf, type WindowTally } from './window-tally.js';

const sumsRow = z.object({
  until_ms: epochMs,
  up_ms: epochMs,
  inferred_up_ms: epochMs,
  down_ms: epochMs,
  starting_ms: epochMs,
});
type SumsRow = z.output<typeof sumsRow>;

const nothing: SumsRow = { until_ms: 0, up_ms: 0, inferred_up_ms: 0, down_ms: 0, starting_ms: 0 };
const allUpRow = z.object({ all_up_ms: epochMs });
const containerIds = z.array(z.string());
const containerList = z.string().transform((json) => containerIds.parse(JSON.parse(json)));
const containerRow = z.object({ from_ms: epochMs, until_ms: epochMs, container_ids: containerList });
const containerLists = z.array(containerIds);
/** The lists of a service in one text, oldest first; null when there is none. */
const containersRow = z
  .object({ json: z.string().nullable() })
  .transform(({ json }) => containerLists.parse(JSON.parse(json ?? '[]')).flat());
const extentRows = z.array(z.object({ service: z.string(), first_ms: epochMs, last_ms: epochMs }));
const builtRow = z.object({ selection: z.string(), until_ms: epochMs.nullable() });

/** Sums per hour from the first on, without a gap up to `untilMs`. Made from sealed minutes, and made anew at will. */
export class HourTable {
  private until: number | null = null;
  /** Ends of the first and of the last hour that has the service. */
  private readonly extents = new Map<string, { firstMs: number; lastMs: number }>();
  private doubt = false;
  private readonly selectSums;
  private readonly selectAllUp;
  private readonly selectContainers;
  private readonly lastContainers;

  constructor(private readonly database: Database.Database) {
    this.selectSums = database.prepare(
      `SELECT until_ms, up_ms, inferred_up_ms, down_ms, starting_ms FROM hour_sums
       WHERE service = ? AND until_ms <= ? ORDER BY until_ms DESC LIMIT 1`,
    );
    this.selectAllUp = database.prepare(
      'SELECT all_up_ms FROM hour_all_up WHERE services = ? AND until_ms <= ? ORDER BY until_ms DESC LIMIT 1',
    );
    this.selectContainers = database.prepare(
      `SELECT '[' || group_concat(container_ids, ',' ORDER BY from_ms) || ']' AS json FROM hour_containers
       WHERE service = ? AND from_ms < ? AND until_ms > ? AND from_ms >=
         coalesce((SELECT max(from_ms) FROM hour_containers WHERE service = ? AND from_ms <= ?), 0)`,
    );
    this.lastContainers = database.prepare(
      'SELECT from_ms, until_ms, container_ids FROM hour_containers WHERE service = ? ORDER BY from_ms DESC LIMIT 1',
    );
  }

  /** @param selection which services are chosen, as a text: with another choice the sums are made anew */
  load(selection: string): void {
    const found = this.database.prepare('SELECT selection, until_ms FROM hours_built').get();
    const built = found === undefined ? undefined : builtRow.parse(found);
    if (built?.selection === selection) this.until = built.until_ms;
    else this.begin(selection);
    const rows = this.database.prepare(
      'SELECT service, min(until_ms) AS first_ms, max(until_ms) AS last_ms FROM hour_sums GROUP BY service',
    );
    for (const { service, first_ms, last_ms } of extentRows.parse(rows.all())) {
      this.extents.set(service, { firstMs: first_ms, lastMs: last_ms });
    }
    this.readDoubt();
  }

  private begin(selection: string) {
    this.database.exec('BEGIN IMMEDIATE');
    for (const table of ['hour_sums', 'hour_all_up', 'hour_containers', 'hours_in_doubt', 'hours_built']) {
      this.database.exec(`DELETE FROM ${table}`);
    }
    this.database.prepare('INSERT INTO hours_built VALUES (1, ?, NULL)').run(selection);
    this.database.exec('COMMIT');
  }

  private readDoubt() {
    this.doubt = this.database.prepare('SELECT 1 AS found FROM hours_in_doubt LIMIT 1').get() !== undefined;
  }

  /** End of the last hour that was added; null before the first. */
  get untilMs(): number | null {
    return this.until;
  }

  /** Adds the next hour; call within a transaction, and `keep` after it. */
  add(fromMs: number, tally: WindowTally): void {
    const untilMs = fromMs + hourMs;
    const insert = this.database.prepare('INSERT INTO hour_sums VALUES (?, ?, ?, ?, ?, ?)');
    for (const name of tally.names) {
      const { upMs, inferredUpMs, downMs, startingMs, containerIds } = tally.service(name, hourMs);
      const before = this.sumsAt(name, fromMs);
      insert.run(
        name,
        untilMs,
        before.up_ms + upMs,
        before.inferred_up_ms + inferredUpMs,
        before.down_ms + downMs,
        before.starting_ms + startingMs,
      );
      this.addContainers(name, fromMs, JSON.stringify(containerIds));
    }
    const insertAllUp = this.database.prepare('INSERT INTO hour_all_up VALUES (?, ?, ?)');
    for (const [roster, ms] of tally.rosters)
      insertAllUp.run(roster, untilMs, this.allUpAt(roster, fromMs) + ms);
    if (tally.isInDoubt) this.database.prepare('INSERT INTO hours_in_doubt VALUES (?)').run(fromMs);
    this.database.prepare('UPDATE hours_built SET until_ms = ?').run(untilMs);
  }

  private addContainers(service: string, fromMs: number, containerIds: string) {
    const found = this.lastContainers.get(service);
    const last = found === undefined ? undefined : containerRow.parse(found);
    if (last?.until_ms === fromMs && JSON.stringify(last.container_ids) === containerIds) {
      const extend = 'UPDATE hour_containers SET until_ms = ? WHERE service = ? AND from_ms = ?';
      this.database.prepare(extend).run(fromMs + hourMs, service, last.from_ms);
    } else {
      const insert = this.database.prepare('INSERT INTO hour_containers VALUES (?, ?, ?, ?)');
      insert.run(service, fromMs, fromMs + hourMs, containerIds);
    }
  }

  /** After the commit. */
  keep(fromMs: number, tally: WindowTally): void {
    const untilMs = fromMs + hourMs;
    this.until = untilMs;
    for (const name of tally.names) {
      this.extents.set(name, { firstMs: this.extents.get(name)?.firstMs ?? untilMs, lastMs: untilMs });
    }
    this.doubt ||= tally.isInDoubt;
  }

  private sumsAt(service: string, atMs: number): SumsRow {
    const row = this.selectSums.get(service, atMs);
    return row === undefined ? nothing : sumsRow.parse(row);
  }

  private allUpAt(roster: string, atMs: number): number {
    const row = this.selectAllUp.get(roster, atMs);
    return row === undefined ? 0 : allUpRow.parse(row).all_up_ms;
  }

  /** Whole hours that all were added. */
  addTo(tally: WindowTally, { fromMs, toMs }: Span, isChosen: (service: string) => boolean): void {
    for (const [service, { firstMs, lastMs }] of this.extents) {
      if (lastMs <= fromMs || firstMs > toMs || !isChosen(service)) continue;
      const after = this.sumsAt(service, toMs);
      // Its last hour lies before the window.
      if (after.until_ms <= fromMs) continue;
      const before = this.sumsAt(service, fromMs);
      const containers = containersRow.parse(
        this.selectContainers.get(service, toMs, fromMs, service, fromMs),
      );
      tally.addService(
        service,
        {
          upMs: after.up_ms - before.up_ms,
          inferredUpMs: after.inferred_up_ms - before.inferred_up_ms,
          downMs: after.down_ms - before.down_ms,
          startingMs: after.starting_ms - before.starting_ms,
        },
        containers,
      );
    }
  }

  allUpMs(names: readonly string[], { fromMs, toMs }: Span): number {
    if (names.length === 0) return 0;
    const roster = rosterOf(names);
    return this.allUpAt(roster, toMs) - this.allUpAt(roster, fromMs);
  }

  hasDoubt({ fromMs, toMs }: Span): boolean {
    if (!this.doubt) return false;
    const sql = 'SELECT 1 AS found FROM hours_in_doubt WHERE hour_ms >= ? AND hour_ms < ? LIMIT 1';
    return this.database.prepare(sql).get(fromMs, toMs) !== undefined;
  }
}
