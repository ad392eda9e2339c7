import type Database from 'libsql';
import { z } from 'zod';

import type { Span } from '../segments/window-sums.js';
import { epochMs } from './journal-rows.js';
import { minuteMs } from './minute-chain.js';
import { isTexts, jsonOf, UnreadableRowError } from './raw-rows.js';
import type { ChosenMinute } from './window-tally.js';

const lastRow = z.object({ from_ms: epochMs, until_ms: epochMs, container_ids: z.string() });
interface Run {
  fromMs: number;
  untilMs: number;
  /** The list as it is written. */
  text: string;
}

const what = 'a list of containers';
const extentRows = z.array(z.object({ service: z.string(), from_ms: epochMs, until_ms: epochMs }));

/**
 * Stretches of time, cut at minutes, in which a service was there and had the same containers in the same order. What an
 * older version wrote is cut at hours.
 */
export class ContainerRuns {
  private readonly extents = new Map<string, Span>();
  private readonly select;
  private readonly selectLast;
  private readonly insert;
  private readonly extend;

  constructor(private readonly database: Database.Database) {
    // The lists in one text, oldest first; null when there is none.
    this.select = database
      .prepare(
        `SELECT '[' || group_concat(container_ids, ',' ORDER BY from_ms) || ']' FROM container_runs
         WHERE service = ? AND from_ms < ? AND until_ms > ? AND from_ms >=
           coalesce((SELECT max(from_ms) FROM container_runs WHERE service = ? AND from_ms <= ?), 0)`,
      )
      .raw();
    this.selectLast = database.prepare(
      'SELECT from_ms, until_ms, container_ids FROM container_runs WHERE service = ? ORDER BY from_ms DESC LIMIT 1',
    );
    this.insert = database.prepare('INSERT INTO container_runs VALUES (?, ?, ?, ?)');
    this.extend = database.prepare(
      'UPDATE container_runs SET until_ms = ? WHERE service = ? AND from_ms = ?',
    );
  }

  load(): void {
    const sql =
      'SELECT service, min(from_ms) AS from_ms, max(until_ms) AS until_ms FROM container_runs GROUP BY service';
    for (const { service, from_ms, until_ms } of extentRows.parse(this.database.prepare(sql).all())) {
      this.extents.set(service, { fromMs: from_ms, toMs: until_ms });
    }
  }

  /** Adds minutes that follow what is there; call within a transaction, and `keep` after it. */
  add(minutes: readonly ChosenMinute[]): void {
    const runs = new Map<string, Run>();
    for (const { minuteMs: fromMs, services } of minutes) {
      for (const { name, containerIds } of services) {
        const text = JSON.stringify(containerIds);
        const run = runs.get(name);
        if (run?.untilMs === fromMs && run.text === text) run.untilMs += minuteMs;
        else {
          if (run) this.write(name, run);
          runs.set(name, { fromMs, untilMs: fromMs + minuteMs, text });
        }
      }
    }
    for (const [name, run] of runs) this.write(name, run);
  }

  private write(service: string, { fromMs, untilMs, text }: Run) {
    const found = this.selectLast.get(service);
    const last = found === undefined ? undefined : lastRow.parse(found);
    if (last?.until_ms === fromMs && last.container_ids === text) {
      this.extend.run(untilMs, service, last.from_ms);
    } else this.insert.run(service, fromMs, untilMs, text);
  }

  /** After the commit. */
  keep(minutes: readonly ChosenMinute[]): void {
    for (const { minuteMs: fromMs, services } of minutes) {
      for (const { name } of services) {
        const firstMs = this.extents.get(name)?.fromMs ?? fromMs;
        this.extents.set(name, { fromMs: firstMs, toMs: fromMs + minuteMs });
      }
    }
  }

  /** Services that may have been there. */
  services({ fromMs, toMs }: Span): string[] {
    return [...this.extents]
      .filter(([, of]) => of.fromMs < toMs && of.toMs > fromMs)
      .map(([service]) => service);
  }

  /** The containers that a service had, oldest first; null when it was not there. */
  within(service: string, { fromMs, toMs }: Span): string[] | null {
    const lists = jsonOf(this.select.get(service, toMs, fromMs, service, fromMs), what);
    if (lists === null) return null;
    if (!Array.isArray(lists) || !lists.every(isTexts)) throw new UnreadableRowError(what);
    return lists.flat();
  }
}
