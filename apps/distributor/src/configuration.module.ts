import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { DistributorConfig } from './distributor.config.js';

export const DISTRIBUTOR_CONFIG = Symbol('DISTRIBUTOR_CONFIG');

/** Hands the parsed environment to whoever asks for `DISTRIBUTOR_CONFIG`. */
@Global()
@Module({})
export class ConfigurationModule {
  static of(config: DistributorConfig): DynamicModule {
    return {
      module: ConfigurationModule,
      providers: [{ provide: DISTRIBUTOR_CONFIG, useValue: config }],
      exports: [DISTRIBUTOR_CONFIG],
    };
  }
}
