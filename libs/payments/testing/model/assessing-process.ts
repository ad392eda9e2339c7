/**
 * A process of its own that assesses the books at the given URL until it is killed, and writes a line before each of its
 * queries and questions, so that it can be killed between any two of them: `assessing-process.js URL SERVICES`.
 */
import { DataSource } from 'typeorm';
import { writeSync } from 'node:fs';
import { z } from 'zod';

import { connectionOptions, Database } from '#platform/database';

import { selectRow, sqlTime } from '../../src/books/sql-rows.js';
import { applicationRole, paymentsMigrations } from '../../src/migrations/folder.js';
import { bookServices } from '../test-books.js';
import { ScriptedWorker } from './scripted-worker.js';
import { watchQueries, watchQuestions } from './watch-steps.js';

const [url = '', services = ''] = process.argv.slice(2);
const dataSource = new DataSource({ type: 'postgres', url, extra: connectionOptions(applicationRole) });
const connected = new Database(dataSource, { url, migrations: paymentsMigrations, role: applicationRole });
await connected.whenReady();

const step = (): void => {
  writeSync(1, 'step\n');
};
const { assessor } = bookServices(watchQueries(connected, step));

/** The workers of the books, by the names in their service URIs. */
async function source() {
  const row = await selectRow(dataSource, z.object({ now: sqlTime }), 'select payments.clock() as now');
  const nowMs = row?.now.getTime() ?? 0;
  return watchQuestions(
    {
      fetch: (request) => {
        const { hostname } = new URL(request.orchestrator.serviceUri);
        return new ScriptedWorker(hostname, services.split(','), () => nowMs).fetch(request);
      },
    },
    step,
  );
}

for (;;) await assessor.assessDue(await source());
