import type { AlertEvent } from '#payments';
import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { AlertChannels } from './alert-channels.js';

export interface TestResult {
  channel: string;
  delivered: boolean;
  error: string | null;
}

/** Tries channels while a person waits for the outcome; nothing is kept and nothing is tried again. */
@Injectable()
export class TestAlert {
  constructor(private readonly channels: AlertChannels) {}

  async send(actor: string, channel?: string): Promise<{ eventId: string; results: TestResult[] }> {
    const event = testEvent(actor);
    const chosen = this.channels.all.filter(({ id }) => channel === undefined || id === channel);
    const results = await Promise.all(
      chosen.map(async (each): Promise<TestResult> => {
        const outcome = await this.channels.send(each, [event]);
        return { channel: each.id, delivered: outcome.ok, error: outcome.ok ? null : outcome.error };
      }),
    );
    return { eventId: event.id, results };
  }
}

function testEvent(actor: string): AlertEvent {
  const at = new Date();
  return {
    id: randomUUID(),
    event: 'test',
    at,
    alert: {
      id: randomUUID(),
      kind: 'test',
      severity: 'info',
      subject: 'test',
      title: 'This is a test',
      text: `${actor} asked for this message, to see whether it arrives. Nothing is wrong.`,
      details: {},
      opened_at: at.toISOString(),
      resolved_at: null,
      closed_by: null,
      closed_reason: null,
    },
  };
}
