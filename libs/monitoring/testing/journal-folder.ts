import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FactLogger } from '#platform';
import { Logger } from '@nestjs/common';

import { ServiceSelection } from '../src/containers/service-selection.js';
import { Journal } from '../src/journal/journal.js';

export interface JournalChoice {
  services: readonly string[];
  startMs: number;
  retentionMs: number;
  /** Absent: the folder itself. */
  directory?: string;
}

/** A folder of a test, and the journals in it, which are closed with it. */
export class JournalFolder {
  private readonly opened = new Set<Journal>();

  private constructor(readonly directory: string) {}

  static async make(): Promise<JournalFolder> {
    Logger.overrideLogger(false);
    return new JournalFolder(await mkdtemp(join(tmpdir(), 'journal-')));
  }

  open({ services, directory = this.directory, ...rest }: JournalChoice): Journal {
    const selection = new ServiceSelection([...services]);
    const journal = Journal.open({ ...rest, directory, selection, log: new FactLogger('test') });
    this.opened.add(journal);
    return journal;
  }

  close(journal: Journal): void {
    this.opened.delete(journal);
    journal.close();
  }

  async remove(): Promise<void> {
    for (const journal of this.opened) journal.close();
    await rm(this.directory, { recursive: true });
  }
}
