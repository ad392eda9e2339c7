import type { FactLogger } from '#platform';

import type { StatusBoard } from '../answers/status-board.js';
import type { Clock } from '../clock.js';
import type { EngineClient } from '../containers/engine-client.js';
import { EventStream, type Landmark, type ReceivedEvent } from '../containers/event-stream.js';
import type { ServiceSelection } from '../containers/service-selection.js';
import type { Recorder } from '../recording/recorder.js';
import { callsForInspection, effectOn } from '../segments/service-event.js';
import type { EngineWatch } from './engine-watch.js';
import type { WatchedServices } from './watched-services.js';

export interface HeardEventsOptions {
  engine: EngineClient;
  clock: Clock;
  log: FactLogger;
  selection: ServiceSelection;
  services: WatchedServices;
  watch: EngineWatch;
  board: StatusBoard;
  recorder: Recorder;
  /** The last event that an earlier run knew; null when there was none. */
  last: Landmark | null;
}

/** Opens the stream of the Engine's events: each is kept as evidence, shown, and followed by an inspection. */
export function hearEvents(options: HeardEventsOptions): EventStream {
  const { engine, clock, log, services, watch, last } = options;
  return new EventStream({
    engine,
    log,
    wallMs: () => clock.now().wallMs,
    onEvent: (event) => {
      hear(event, options);
    },
    onConnected: () => {
      watch.subscribed();
      void watch.identify();
      void services.inspectAll();
    },
    onDisconnected: (error) => {
      watch.unsubscribed(error);
      void services.inspectAll();
    },
    last: last ?? undefined,
  });
}

function hear(event: ReceivedEvent, { selection, services, board, recorder }: HeardEventsOptions): void {
  if (selection.matchesGlob(event.name) && event.action !== 'destroy') services.include(event.name);
  for (const service of recorder.event(event)) {
    const effect = effectOn(service, event);
    if (effect) board.told(service, effect);
    if (!callsForInspection(event.action)) continue;
    void services.inspect(service).then(() => {
      board.confirmed(service);
    });
  }
}
