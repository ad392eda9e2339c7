import { applicationRole, paymentsMigrations } from '#payments';
import { FactLogger } from '#platform';
import { DatabaseModule, type EmbeddedPostgres, startEmbeddedPostgres } from '#platform/database';
import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { join } from 'node:path';
import { DISTRIBUTOR_CONFIG } from './configuration.module.js';
import type { DistributorConfig } from './distributor.config.js';

const EMBEDDED = Symbol('embedded PostgreSQL');

async function startUnlessGiven({ database }: DistributorConfig): Promise<EmbeddedPostgres | null> {
  if (database.url !== undefined) return null;
  const dataDir = join(database.dataDir, 'postgres');
  const embedded = await startEmbeddedPostgres({ dataDir });
  new FactLogger('database').info('embedded database started', { dataDir, variable: 'DATABASE_URL' });
  return embedded;
}

/** A PostgreSQL of our own when none was given; stopped after everything that uses it. */
@Module({
  providers: [{ provide: EMBEDDED, inject: [DISTRIBUTOR_CONFIG], useFactory: startUnlessGiven }],
  exports: [EMBEDDED],
})
class EmbeddedDatabaseModule implements OnApplicationShutdown {
  constructor(@Inject(EMBEDDED) private readonly embedded: EmbeddedPostgres | null) {}

  async onApplicationShutdown(): Promise<void> {
    await this.embedded?.stop();
  }
}

export const distributorDatabase = (): DynamicModule =>
  DatabaseModule.forRootAsync({
    imports: [EmbeddedDatabaseModule],
    inject: [DISTRIBUTOR_CONFIG, EMBEDDED],
    useFactory: ({ database }: DistributorConfig, embedded: EmbeddedPostgres | null) => {
      const url = embedded?.url ?? database.url;
      if (url === undefined) throw new Error('Unreachable: without DATABASE_URL a database is started.');
      return { url, migrations: paymentsMigrations, role: applicationRole };
    },
  });
