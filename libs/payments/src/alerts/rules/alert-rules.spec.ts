import { describe, expect, it } from '@jest/globals';

import { keyOf } from '../alert.js';
import { down, facts, nowMs, orchestrator, periodMs, periods, settings } from '../testing/some-facts.js';
import type { AlertFacts, PayoutFacts } from './alert-facts.js';
import { alertRules } from './alert-rules.js';
import { type AlertState, nextAlerts } from './next-alerts.js';

const nothing: AlertState = { open: [], waiting: [] };
const openAlerts = (...keys: string[]): AlertState['open'] =>
  keys.map((key) => {
    const [kind = '', ...subject] = key.split(' ');
    const known = alertRules.flatMap(({ kinds }) => kinds).find((each) => each === kind);
    return { kind: known ?? 'wrong_worker', subject: subject.join(' '), text: '' };
  });

const look = (change: Partial<AlertFacts>, state: Partial<AlertState> = {}) => {
  const changes = nextAlerts(alertRules, facts(change), { ...nothing, ...state }, settings);
  const opened = new Set((state.open ?? []).map(keyOf));
  return {
    opened: changes.raise.map(keyOf).filter((key) => !opened.has(key)),
    resolved: changes.resolve.map(keyOf),
    texts: changes.raise.map(({ text }) => text),
    waiting: changes.waiting,
  };
};

const silent = (id: string, forPeriods: number, byItselfForPeriods: number | null = forPeriods) =>
  orchestrator({
    id,
    unansweredSinceMs: nowMs - forPeriods * periodMs,
    silentByItselfSinceMs: byItselfForPeriods === null ? null : nowMs - byItselfForPeriods * periodMs,
    failures: 3,
    lastFailure: 'ECONNREFUSED',
  });

const payout = (change: Partial<PayoutFacts['open'][number]> = {}): PayoutFacts['open'][number] => ({
  id: 'p1',
  orchestratorId: 'o1',
  status: 'sent',
  isOnChain: true,
  holdReason: null,
  amountMicroUsd: 12_000_000n,
  createdMs: nowMs - 3_600_000,
  ...change,
});
const payouts = (change: Partial<PayoutFacts> = {}): PayoutFacts => ({
  ...{ open: [payout()], isWhole: true, pause: null, pausedLanes: [] },
  ...change,
});

describe('the rules of the alerts', () => {
  it('find nothing where all is well', () => {
    expect(look({ orchestrators: [orchestrator()] })).toMatchObject({
      opened: [],
      resolved: [],
      waiting: [],
    });
  });

  it('tell of a service only after so many periods without up time, and until it was up for two whole ones', () => {
    const after = (count: number) => [
      orchestrator({ periods: periods(5, (index) => (index < count ? down('agent') : {})) }),
    ];
    expect(look({ orchestrators: after(2) }).opened).toEqual([]);
    expect(look({ orchestrators: after(3) }).opened).toEqual(['service_down orchestrator/o1/service/agent']);

    const open = openAlerts('service_down orchestrator/o1/service/agent');
    const upFor = (count: number) => [
      orchestrator({ periods: periods(5, (index) => (index < count ? {} : down('agent'))) }),
    ];
    expect(look({ orchestrators: upFor(1) }, { open }).resolved).toEqual([]);
    expect(look({ orchestrators: upFor(2) }, { open }).resolved).toEqual([
      'service_down orchestrator/o1/service/agent',
    ]);
  });

  it('neither open nor end an alert about a service while nothing sound is known of it', () => {
    const open = openAlerts('service_down orchestrator/o1/service/agent');
    const unknown = [orchestrator({ periods: periods(5, () => ({ services: null })) })];
    expect(look({ orchestrators: unknown }, { open })).toMatchObject({ opened: [], resolved: [] });
  });

  it('tell of a silent worker after so many periods, and not of what its silence explains', () => {
    const unpaid = periods(5, () => ({ decision: 'unpaid', reason: 'no_evidence', services: null }));
    expect(look({ orchestrators: [silent('o1', 2)] }).opened).toEqual([]);
    expect(look({ orchestrators: [{ ...silent('o1', 3), periods: unpaid }] }).opened).toEqual([
      'worker_unreachable orchestrator/o1',
    ]);
    const open = openAlerts('worker_unreachable orchestrator/o1');
    const services = periods(5, () => down('agent'));
    expect(look({ orchestrators: [{ ...silent('o1', 9), periods: services }] }, { open }).opened).toEqual([]);
  });

  it('tell of what most silent workers have in common once, and not of each', () => {
    const orchestrators = Array.from({ length: 500 }, (_, index) => silent(`o${index}`, 4));
    expect(look({ orchestrators }).opened).toEqual(['evidence_source_down evidence']);
    const healthy = Array.from({ length: 5 }, (_, index) => orchestrator({ id: `h${index}` }));
    expect(look({ orchestrators: [...healthy, ...orchestrators.slice(0, 3)] }).opened).toHaveLength(3);
  });

  it('tell of a worker only when it was silent for so many periods by itself, and not of what follows meanwhile', () => {
    const unpaid = periods(5, () => ({ decision: 'unpaid', reason: 'no_evidence', services: null }));
    const since = (periodsByItself: number | null) => [
      { ...silent('o1', 90, periodsByItself), periods: unpaid },
    ];
    expect(look({ orchestrators: since(null) }).opened).toEqual([]);
    expect(look({ orchestrators: since(2) }).opened).toEqual([]);
    expect(look({ orchestrators: since(3) }).opened).toEqual(['worker_unreachable orchestrator/o1']);
    const open = openAlerts('worker_unreachable orchestrator/o1');
    expect(look({ orchestrators: since(null) }, { open }).resolved).toEqual([]);
  });

  it('tell of an unpaid orchestrator when nothing else says why', () => {
    const unpaid = periods(5, () => ({ decision: 'unpaid', reason: 'bad_signature', services: null }));
    const orchestrators = [orchestrator({ periods: unpaid })];
    expect(look({ orchestrators }).opened).toEqual(['orchestrator_unpaid orchestrator/o1']);
    expect(look({ orchestrators }, { open: openAlerts('wrong_worker orchestrator/o1') }).opened).toEqual([]);
    const flapping = periods(5, (index) => (index % 2 === 0 ? down('agent') : down('redis')));
    expect(look({ orchestrators: [orchestrator({ periods: flapping })] }).opened).toEqual([
      'orchestrator_unpaid orchestrator/o1',
    ]);
    const open = openAlerts('orchestrator_unpaid orchestrator/o1');
    const once = periods(5, (index) => (index === 0 ? {} : down('agent')));
    expect(look({ orchestrators: [orchestrator({ periods: once })] }, { open }).resolved).toEqual([]);
    expect(look({ orchestrators: [orchestrator()] }, { open }).resolved).toEqual([
      'orchestrator_unpaid orchestrator/o1',
    ]);
  });

  it('tell of stuck payouts once, unless what stops them is told', () => {
    const open = [payout(), payout({ id: 'p2' })];
    const found = look({ payouts: payouts({ open }) });
    expect(found.opened).toEqual(['payout_stuck settlement']);
    expect(found.texts[0]).toContain('2 payouts of $24.000000');
    expect(look({ payouts: payouts({ open: [payout({ createdMs: nowMs - 60_000 })] }) }).opened).toEqual([]);
    const pause = { reason: 'looking', actor: 'admin', sinceMs: nowMs };
    expect(look({ payouts: payouts({ pause }) }).opened).toEqual(['settlement_paused settlement']);
    const chain = { state: 'unreachable', detail: 'refused', waitsFor: null } as const;
    expect(
      look({ payouts: payouts(), chain }, { open: openAlerts('chain_unreachable chain') }).opened,
    ).toEqual([]);
  });

  it('tell of each held payout, and of lanes that sign nothing more', () => {
    const held = payout({ status: 'held', holdReason: 'above the maximum', createdMs: nowMs });
    const pausedLanes = [{ chainId: '1', address: '0xAB', reason: 'nonce 5 is not ours' }];
    expect(look({ payouts: payouts({ open: [held], pausedLanes }) }).opened).toEqual([
      'payout_held payout/p1',
      'lane_paused lane/1/0xAB',
    ]);
  });

  it('wait before they tell of a chain that does not answer, and before they say that it does again', () => {
    const chain = { state: 'unreachable', detail: 'refused', waitsFor: null } as const;
    const first = look({ chain });
    expect(first.opened).toEqual([]);
    expect(first.waiting).toEqual([
      { kind: 'chain_unreachable', subject: 'chain', holds: true, sinceMs: nowMs },
    ]);
    const later = nowMs + settings.patienceMs;
    expect(look({ chain, nowMs: later }, { waiting: first.waiting }).opened).toEqual([
      'chain_unreachable chain',
    ]);
    const open = openAlerts('chain_unreachable chain');
    const back = look({ nowMs: later }, { open });
    expect(back.resolved).toEqual([]);
    expect(look({ nowMs: later + 30_000 }, { open, waiting: back.waiting }).resolved).toEqual([]);
    expect(look({ nowMs: later + settings.patienceMs }, { open, waiting: back.waiting }).resolved).toEqual([
      'chain_unreachable chain',
    ]);
    // A chain that answers in between begins anew.
    expect(look({ nowMs: later, chain }, { open, waiting: back.waiting }).waiting).toEqual([]);
  });

  it('tell the hours that money and gas last, and end well above them', () => {
    const hours = (left: number) => ({
      treasuryMicroUsd: 60_000_000_000n,
      owedMicroUsd: 0n,
      payHours: left,
      gasWei: 10n ** 18n,
      gasHours: left,
    });
    expect(look({ funds: hours(24) }).opened).toEqual([]);
    expect(look({ funds: hours(23) }).opened).toEqual(['treasury_low treasury', 'gas_low gas payer']);
    const open = openAlerts('treasury_low treasury', 'gas_low gas payer');
    expect(look({ funds: hours(30) }, { open }).resolved).toEqual([]);
    expect(look({ funds: hours(36) }, { open }).resolved).toHaveLength(2);
    expect(look({ funds: undefined }, { open }).resolved).toEqual([]);
    const owed = { ...hours(100), owedMicroUsd: 10n ** 15n };
    expect(look({ funds: owed }).texts[0]).toMatch(
      /^The treasury holds \$60000\.000000, but \$1000000000\.000000 is owed/,
    );
  });

  it('tell that periods wait for us, and end when at most half of the time is waited', () => {
    const late = (ms: number) => ({ backlog: { oldestUntouchedMs: nowMs - ms, periods: 5 } });
    expect(look(late(299_999)).opened).toEqual([]);
    expect(look(late(300_000)).opened).toEqual(['assessment_lagging assessments']);
    const open = openAlerts('assessment_lagging assessments');
    expect(look(late(150_000), { open }).resolved).toEqual([]);
    expect(look(late(149_999), { open }).resolved).toEqual(['assessment_lagging assessments']);
  });

  it('tell of differences with the chain, and leave the alert alone while none can be looked for', () => {
    const differences = [{ account: 'liability:in_settlement:o1', detail: 'went to nobody' }];
    expect(look({ reconciliation: { atMs: nowMs, differences } }).opened).toEqual([
      'reconciliation_difference ledger',
    ]);
    const open = openAlerts('reconciliation_difference ledger');
    expect(look({ reconciliation: undefined }, { open }).resolved).toEqual([]);
    expect(look({}, { open }).resolved).toEqual(['reconciliation_difference ledger']);
  });

  it('end the alerts of an orchestrator that is not active any more', () => {
    const open = openAlerts('worker_unreachable orchestrator/o1', 'orchestrator_unpaid orchestrator/o1');
    expect(look({ orchestrators: [] }, { open }).resolved).toHaveLength(2);
  });
});
