import { escapeIdentifier } from 'pg';

import type { Sql } from '../books/sql-rows.js';
import { booksTriggers, type BooksTrigger } from './books-catalogue.js';
import { qualified } from './backup-format.js';

const enabling = { O: 'enable', A: 'enable always', R: 'enable replica' } as const;

const alter = (triggers: readonly BooksTrigger[], how: (trigger: BooksTrigger) => string): string =>
  triggers
    .map((trigger) => {
      const table = qualified({ schema: trigger.schema, name: trigger.table });
      return `alter table only ${table} ${how(trigger)} trigger ${escapeIdentifier(trigger.name)}`;
    })
    .join(';\n');

/**
 * Keeps the migrations' triggers from acting on rows that have been through them once; foreign keys stay. Returns what
 * puts every trigger back as it was. Within one transaction: nobody else ever sees the books without their triggers.
 */
export async function silenceTriggers(sql: Sql): Promise<() => Promise<void>> {
  const triggers = await booksTriggers(sql);
  if (triggers.length === 0) return async () => undefined;
  await sql.query(alter(triggers, () => 'disable'));
  return async () => {
    await sql.query(alter(triggers, ({ enabled }) => enabling[enabled]));
  };
}
