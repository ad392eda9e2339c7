import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import type { EvidenceSource } from './evidence-source.js';
import { at, AssessorRig } from './testing/assessor-rig.js';

describe('a container and an Engine earn for one payee', () => {
  let rig: AssessorRig;
  let first: string;
  let second: string;

  const open = async (changes = {}): Promise<void> => {
    rig = await AssessorRig.open(changes);
    first = (await rig.create('first')).id;
    second = (await rig.create('second')).id;
  };

  beforeEach(() => open());
  afterEach(() => rig.close());

  const shareContainer = (): void => {
    const theirs = rig.worker('first').containerIds('redis_scb');
    const own = rig.worker('second').containerIds;
    rig.worker('second').containerIds = (service) => (service === 'redis_scb' ? theirs : own(service));
  };

  const decisions = async (minute: number): Promise<Record<string, string>> => {
    const decided = await rig.assessAt(at(minute));
    return Object.fromEntries(
      decided.map(({ orchestratorName, decision, reason }) => [orchestratorName, reason ?? decision]),
    );
  };

  it('pays each for its own stack, period by period', async () => {
    expect(await decisions(1)).toEqual({ first: 'paid', second: 'paid' });
    expect(await decisions(2)).toEqual({ first: 'paid', second: 'paid' });
  });

  it('does not pay with a container that another one was paid with first, and says with whose', async () => {
    expect(await decisions(1)).toEqual({ first: 'paid', second: 'paid' });
    shareContainer();
    const decided = await rig.assessAt(at(2));
    const refused = decided.find(({ orchestratorName }) => orchestratorName === 'second');
    expect(refused).toMatchObject({ decision: 'unpaid', reason: 'shared_stack', amountMicroUsd: 0n });
    expect(refused?.reasonText).toContain('(redis_scb)');
    expect(refused?.reasonText).toContain(first);
    expect(decided).toHaveLength(2);
    expect(await rig.payable(first)).toBe(20_000_000n);
    expect(await rig.payable(second)).toBe(10_000_000n);
    expect(await rig.alert('shared_stack')).toMatchObject({ subject: `orchestrator/${second}` });
    expect((await rig.services.audit.list()).items[0]).toMatchObject({ action: 'stack refused' });
  });

  it('closes the alert once the payee has a stack of its own again, and does not write while nothing changes', async () => {
    await decisions(1);
    const own = rig.worker('second').containerIds;
    shareContainer();
    await decisions(2);
    await decisions(3);
    expect(await rig.alert('shared_stack')).toMatchObject({ seenCount: 1 });
    rig.worker('second').containerIds = own;
    expect(await decisions(4)).toEqual({ first: 'paid', second: 'paid' });
    expect(await rig.alert('shared_stack')).toBeUndefined();
    expect(await rig.alert('shared_stack', 'resolved')).toBeDefined();
  });

  it('pays one of two that show the same container in the same period', async () => {
    shareContainer();
    expect(Object.values(await decisions(1)).sort()).toEqual(['paid', 'shared_stack']);
  });

  it('does not pay on the Docker Engine of another one', async () => {
    await decisions(1);
    rig.worker('second').engineId = rig.worker('first').engineId;
    expect(await decisions(2)).toEqual({ first: 'paid', second: 'shared_stack' });
  });

  it('takes an unknown Engine for nobody’s', async () => {
    rig.worker('first').engineId = '';
    rig.worker('second').engineId = '';
    expect(await decisions(1)).toEqual({ first: 'paid', second: 'paid' });
  });

  it('lets nobody claim a container by listing it among services that are not required', async () => {
    const greedy = rig.worker('first');
    const own = greedy.containerIds;
    greedy.services = ['autogen_agent', 'redis_scb', 'extra'];
    greedy.containerIds = (service) =>
      service === 'extra' ? rig.worker('second').containerIds('redis_scb') : own(service);
    await decisions(1);
    expect(await decisions(2)).toEqual({ first: 'paid', second: 'paid' });
  });

  it('claims nothing by a report that is not paid', async () => {
    rig.worker('first').downMs = { autogen_agent: 60_000n };
    shareContainer();
    expect(await decisions(1)).toEqual({ first: 'below_threshold', second: 'paid' });
    rig.worker('first').downMs = {};
    expect(await decisions(2)).toEqual({ first: 'shared_stack', second: 'paid' });
  });

  it('lets the stack of an archived payee be claimed anew, from then on', async () => {
    await decisions(1);
    shareContainer();
    await rig.setClock(at(1, 30_000));
    await rig.services.orchestrators.archive(first, 'admin');
    // The period in which the first one still lived belongs to it.
    expect(await decisions(2)).toEqual({ second: 'shared_stack' });
    expect(await decisions(3)).toEqual({ second: 'paid' });
    const third = await rig.create('third');
    rig.worker('third').containerIds = rig.worker('second').containerIds;
    expect(await decisions(5)).toEqual({ second: 'paid', third: 'shared_stack' });
    expect(await rig.payable(third.id)).toBe(0n);
  });

  it('pays one of two when two processes meet the same container in the same moment', async () => {
    shareContainer();
    const other = await rig.replica();
    await rig.setClock(at(1));
    const asked = new Set<string>();
    let answer: () => void = () => undefined;
    const moment = new Promise<void>((resolve) => (answer = resolve));
    /** Each process holds both periods, but hears of one orchestrator only, both in the same moment. */
    const hearing = (name: string): EvidenceSource => ({
      async fetch(request) {
        if (!request.orchestrator.serviceUri.includes(name)) return new Promise<never>(() => undefined);
        asked.add(name);
        await moment;
        return rig.source.fetch(request);
      },
    });
    const wasAsked = async (name: string): Promise<void> => {
      while (!asked.has(name)) await new Promise(setImmediate);
    };
    const stopping = new AbortController();
    const one = rig.services.assessor.assessDue(hearing('first'), stopping.signal);
    await wasAsked('first');
    await rig.books.owner.query("update payments.pending_assessment set next_attempt_at = '2026-01-01'");
    const two = other.assessor.assessDue(hearing('second'), stopping.signal);
    await wasAsked('second');
    answer();
    const decided = async (): Promise<string[]> => {
      const { items } = await rig.services.assessments.list();
      return items.flatMap(({ decision, reason }) => (decision === 'pending' ? [] : [reason ?? decision]));
    };
    while ((await decided()).length < 2) await new Promise(setImmediate);
    stopping.abort();
    await Promise.all([one, two]);
    expect((await decided()).sort()).toEqual(['paid', 'shared_stack']);
  });

  it('waits for a claim that another process is writing, and respects it', async () => {
    const [container] = rig.worker('second').containerIds('redis_scb');
    const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    const other = rig.books.owner.createQueryRunner();
    try {
      await other.startTransaction();
      await other.query(
        `insert into payments.stack_claim (kind, claimed_id, generation, orchestrator_id, claimed_from)
           values ('container', $1, 1, $2, $3)`,
        [container, first, at(0)],
      );
      const decided = rig.assessAt(at(1));
      for (let rows: unknown = []; Array.isArray(rows) && rows.length === 0;) {
        rows = await rig.books.owner.query(waiting);
      }
      await other.commitTransaction();
      const reasons = (await decided).map(({ orchestratorName, reason }) => [orchestratorName, reason]);
      expect(Object.fromEntries(reasons)).toEqual({ first: null, second: 'shared_stack' });
    } finally {
      await other.release();
    }
  });

  it('remembers what is settled in the process, and still sees what another process settled', async () => {
    await decisions(1);
    const other = await rig.replica();
    shareContainer();
    await rig.assessAt(at(2), other);
    const { items } = await rig.services.assessments.list({ from: at(1) });
    expect(items.map(({ reason, decision }) => reason ?? decision).sort()).toEqual(['paid', 'shared_stack']);
  });
});

describe('with shared workers allowed', () => {
  it('pays any number of payees with one stack', async () => {
    const rig = await AssessorRig.open({ allowSharedWorkers: true });
    try {
      await rig.create('first');
      await rig.create('second');
      rig.worker('second').containerIds = rig.worker('first').containerIds;
      rig.worker('second').engineId = rig.worker('first').engineId;
      expect((await rig.assessAt(at(1))).map(({ decision }) => decision)).toEqual(['paid', 'paid']);
    } finally {
      await rig.close();
    }
  });
});
