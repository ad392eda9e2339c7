import { Books, Orchestrators, PeriodMismatchError } from '#payments';
import { delay, exponentialBackoff, FactLogger } from '#platform';
import { Database } from '#platform/database';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DISTRIBUTOR_CONFIG } from '../configuration.module.js';
import type { DistributorConfig } from '../distributor.config.js';

/** Opens the books as soon as the database answers, and makes the first records; nothing is judged or paid before. */
@Injectable()
export class BooksOpening implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new FactLogger('books');
  private readonly stopping = new AbortController();
  private open = false;
  private refused: (error: PeriodMismatchError) => void = () => undefined;

  /** Settles only when these books can never be opened by this process, with the reason. */
  readonly refusal = new Promise<PeriodMismatchError>((resolve) => {
    this.refused = resolve;
  });

  constructor(
    private readonly database: Database,
    private readonly books: Books,
    private readonly orchestrators: Orchestrators,
    @Inject(DISTRIBUTOR_CONFIG) private readonly config: DistributorConfig,
  ) {}

  get isOpen(): boolean {
    return this.open;
  }

  onApplicationBootstrap(): void {
    void this.openWhenReady();
  }

  onModuleDestroy(): void {
    this.stopping.abort();
  }

  /** The process ends what is under way and begins nothing any more. */
  isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  private async openWhenReady(): Promise<void> {
    const backoff = exponentialBackoff({ minMs: 250, maxMs: 10_000 });
    while (!this.isStopping()) {
      try {
        await this.database.whenReady();
        await this.openNow();
        return;
      } catch (error) {
        if (error instanceof PeriodMismatchError) {
          this.refused(error);
          return;
        }
        if (!this.isStopping()) this.log.error('books not opened', error);
      }
      await delay(backoff.next(), this.stopping.signal);
    }
  }

  private async openNow(): Promise<void> {
    const { ledgerId, periodSeconds } = await this.books.open({
      periodSeconds: this.config.pay.periodSeconds,
    });
    const { firstOrchestrators } = this.config;
    await this.orchestrators.ensureFromEnvironment(
      firstOrchestrators.map(({ serviceUri, workerUrl, payoutAddress }) => ({
        serviceUri,
        workerUrl,
        ...(payoutAddress !== undefined && { payoutAddress }),
      })),
    );
    for (const { serviceUri, workerUrl, workerUrlDerived } of firstOrchestrators) {
      if (workerUrlDerived)
        this.log.info('worker url derived', { serviceUri, workerUrl, variable: 'WORKER_URL' });
    }
    this.open = true;
    this.log.info('books opened', { ledgerId, periodSeconds });
  }
}
