import type { DataSource } from 'typeorm';

import { type Database, DatabaseUnavailableError } from '#platform/database';

/** The connection for reads outside a transaction. @throws DatabaseUnavailableError before the first connection */
export function ready(database: Database): DataSource {
  if (!database.isReady) throw new DatabaseUnavailableError(database.lastError);
  return database.dataSource;
}
