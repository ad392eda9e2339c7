import { Monitor } from '#monitoring';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';

/** Watches from before the first request until after the last. */
@Injectable()
export class MonitorLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(private readonly monitor: Monitor) {}

  /** @throws JournalLockedError, JournalUnwritableError */
  async onModuleInit(): Promise<void> {
    await this.monitor.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.monitor.stop();
  }
}
