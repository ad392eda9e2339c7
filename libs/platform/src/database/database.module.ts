import {
  type DynamicModule,
  type FactoryProvider,
  Global,
  Module,
  type ModuleMetadata,
} from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

import { connectionOptions, Database, DATABASE_OPTIONS, type DatabaseOptions } from './database.js';

interface DatabaseModuleOptions {
  imports?: NonNullable<ModuleMetadata['imports']>;
  inject?: NonNullable<FactoryProvider['inject']>;
  useFactory: FactoryProvider<DatabaseOptions>['useFactory'];
}

@Global()
@Module({})
class DatabaseOptionsModule {}

/** One pool of PostgreSQL connections for the process, and `Database` on top of it. */
@Global()
@Module({})
export class DatabaseModule {
  static forRootAsync({ imports = [], inject = [], useFactory }: DatabaseModuleOptions): DynamicModule {
    const options: DynamicModule = {
      module: DatabaseOptionsModule,
      imports,
      providers: [{ provide: DATABASE_OPTIONS, inject, useFactory }],
      exports: [DATABASE_OPTIONS],
    };
    return {
      module: DatabaseModule,
      imports: [
        options,
        TypeOrmModule.forRootAsync({
          imports: [options],
          inject: [DATABASE_OPTIONS],
          useFactory: ({ url, role, poolSize = 10 }: DatabaseOptions) => ({
            type: 'postgres' as const,
            url,
            poolSize,
            manualInitialization: true,
            synchronize: false,
            migrationsRun: false,
            autoLoadEntities: true,
            connectTimeoutMS: 5_000,
            extra: {
              ...connectionOptions(role),
              // Waiting for a free connection; pg's default is to wait for ever.
              connectionTimeoutMillis: 5_000,
              statement_timeout: 30_000,
              lock_timeout: 10_000,
              idle_in_transaction_session_timeout: 60_000,
            },
          }),
        }),
      ],
      providers: [Database],
      exports: [Database, TypeOrmModule],
    };
  }
}
