import { Assessor, type EvidenceSource, LateEvidence } from '#payments';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { EVIDENCE_SOURCE } from '../evidence/evidence.module.js';
import { BooksOpening } from './books-opening.js';
import { Turn } from './turn.js';

/** More than a worker may take seconds: while some turns wait for slow ones, the next one takes what is due by then. */
const TURNS_AT_ONCE = 32;

/** The tick of the assessment: which periods are due is asked of the database. */
@Injectable()
export class AssessPeriodsSchedule implements OnModuleDestroy {
  private readonly turn = new Turn(
    'assessment',
    async (signal) => {
      if (this.opening.isOpen) await this.assessor.assessDue(this.source, signal);
    },
    TURNS_AT_ONCE,
  );

  private readonly late = new Turn('late evidence', async (signal) => {
    if (this.opening.isOpen) await this.lateEvidence.collect(this.source, signal);
  });

  constructor(
    private readonly assessor: Assessor,
    private readonly lateEvidence: LateEvidence,
    private readonly opening: BooksOpening,
    @Inject(EVIDENCE_SOURCE) private readonly source: EvidenceSource,
  ) {}

  get outcome(): Turn['outcome'] {
    return this.turn.outcome;
  }

  @Interval(1_000)
  async tick(): Promise<void> {
    await this.turn.tick();
  }

  /** Has time: nothing is paid by it. */
  @Interval(10_000)
  async tickLate(): Promise<void> {
    await this.late.tick();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([this.turn.drain(), this.late.drain()]);
  }
}
