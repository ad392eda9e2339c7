import { beforeEach, describe, expect, it } from '@jest/globals';

import { FactLogger } from '#platform';

import type { ContainerFacts, Observation } from '../segments/observation.js';
import { effectOn } from '../segments/service-event.js';
import { MonitorEvents } from './monitor-events.js';
import { StatusBoard } from './status-board.js';

const service = 'redis_scb';
const id = 'c'.repeat(64);
const startMs = Date.UTC(2026, 10, 22, 12);

let nowMs: number;
let board: StatusBoard;
let told: string[];

beforeEach(() => {
  nowMs = startMs;
  told = [];
  const events = new MonitorEvents(new FactLogger('test'));
  events.on('transition', ({ from, to, reason, atMs }) => {
    told.push(`${from} → ${to} (${reason ?? ''}) at ${atMs - startMs}`);
  });
  board = new StatusBoard(() => null, { now: () => ({ wallMs: nowMs, monotonicMs: nowMs }) }, events);
  board.include(service);
});

function observe(changes: Partial<ContainerFacts> = {}) {
  const container: ContainerFacts = {
    id,
    image: 'redis:7',
    status: 'running',
    paused: false,
    restarting: false,
    health: null,
    healthStaleMs: null,
    mismatch: null,
    startedAt: new Date(startMs - 1_000).toISOString(),
    startedAtMs: startMs - 1_000,
    finishedAtMs: null,
    exitCode: null,
    ...changes,
  };
  const at = { wallMs: nowMs, monotonicMs: nowMs };
  const observation: Observation = {
    finding: { kind: 'container', container },
    askedAt: at,
    answeredAt: at,
  };
  board.observed(service, observation);
}

function hear(action: string, containerId = id, atMs = nowMs) {
  const effect = effectOn(service, { action, name: service, containerId, atMs });
  if (effect) board.told(service, effect);
}

describe('the status of a service', () => {
  it('is down as soon as an event says so, once, and from the time of the event on', () => {
    observe();
    nowMs += 500;
    hear('die');
    expect(board.statusOf(service)).toMatchObject({
      status: 'exited',
      state: 'down',
      reason: 'exited',
      running: false,
      sinceMs: nowMs,
    });
    nowMs += 80;
    observe({ status: 'exited', finishedAtMs: nowMs - 90, exitCode: 137 });
    board.confirmed(service);
    expect(told).toEqual(['unknown → up () at -1000', 'up → down (exited) at 500']);
    expect(board.statusOf(service)).toMatchObject({ state: 'down', sinceMs: nowMs - 80 });
  });

  it('does not come back by an inspection that was asked for before the event', () => {
    observe();
    hear('die');
    observe();
    expect(board.statusOf(service)).toMatchObject({ state: 'down', reason: 'exited' });
  });

  it('is what the inspection after the event says: the container may run again by then', () => {
    observe();
    hear('die');
    nowMs += 20;
    observe({ startedAtMs: nowMs - 5 });
    board.confirmed(service);
    expect(board.statusOf(service)).toMatchObject({ status: 'running', state: 'up', running: true });
    expect(told).toHaveLength(3);
  });

  it('is not changed by an event about another container, an old one, or one that means no failure', () => {
    observe();
    hear('die', 'd'.repeat(64));
    hear('die', id, startMs - 60_000);
    hear('start');
    hear('kill');
    expect(board.statusOf(service)).toMatchObject({ state: 'up' });
  });

  it('is not told of by an event before it has been seen at all', () => {
    hear('die');
    expect(board.statusOf(service)).toMatchObject({ state: 'unknown', reason: 'not yet observed' });
  });

  it('keeps the reason for which it was down already', () => {
    observe({ mismatch: 'image' });
    hear('die');
    expect(board.statusOf(service)).toMatchObject({ reason: 'identity mismatch: image' });
  });

  it('is unhealthy while it runs when the health check says so', () => {
    observe({ health: 'healthy', healthStaleMs: startMs + 60_000 });
    hear('health_status: unhealthy');
    expect(board.statusOf(service)).toMatchObject({
      status: 'running',
      running: true,
      state: 'down',
      reason: 'unhealthy',
      health: 'unhealthy',
    });
  });
});
