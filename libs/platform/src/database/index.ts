/** The door to PostgreSQL, apart from the room's other one: a worker has no database and need not load any of it. */
export {
  connectionOptions,
  Database,
  DATABASE_OPTIONS,
  type DatabaseOptions,
  DatabaseUnavailableError,
  WrongRoleError,
} from './database.js';
export { DatabaseModule } from './database.module.js';
export {
  type EmbeddedPostgres,
  removeEmbeddedPostgresData,
  startEmbeddedPostgres,
} from './embedded-postgres.js';
export { migrate, type Migration, migrationLock, readMigrations } from './migrate.js';
