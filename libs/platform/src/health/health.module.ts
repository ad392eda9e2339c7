import { type DynamicModule, type FactoryProvider, Module, type ModuleMetadata } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';

import { HEALTH_CHECKS, type HealthCheck } from './health-check.js';
import { HealthController } from './health.controller.js';

interface HealthModuleOptions {
  imports?: NonNullable<ModuleMetadata['imports']>;
  inject?: NonNullable<FactoryProvider['inject']>;
  useFactory: FactoryProvider<readonly HealthCheck[]>['useFactory'];
}

/** `/health`, `/health/live` and `/health/ready`, by Terminus, over the checks of the app. */
@Module({})
export class HealthModule {
  static register({ imports = [], inject = [], useFactory }: HealthModuleOptions): DynamicModule {
    return {
      module: HealthModule,
      imports: [TerminusModule.forRoot({ logger: false }), ...imports],
      controllers: [HealthController],
      providers: [{ provide: HEALTH_CHECKS, inject, useFactory }],
    };
  }
}
