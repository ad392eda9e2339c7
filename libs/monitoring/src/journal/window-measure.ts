import type { Segment } from '../segments/service-state.js';
import { type Span, type StateSums, sumAllUp, sumStates } from '../segments/window-sums.js';

export interface ServiceMeasure extends StateSums {
  name: string;
  /** Oldest first. */
  containerIds: string[];
}

export interface WindowMeasure {
  services: ServiceMeasure[];
  allUpMs: number;
}

const containerIds = (segments: readonly Segment[]) => [
  ...new Set(segments.flatMap(({ containerId }) => containerId ?? [])),
];

export function measureWindow(
  services: readonly { name: string; segments: readonly Segment[] }[],
  window: Span,
): WindowMeasure {
  return {
    services: services.map(({ name, segments }) => ({
      name,
      containerIds: containerIds(segments),
      ...sumStates(segments, window),
    })),
    allUpMs: sumAllUp(
      services.map(({ segments }) => segments),
      window,
    ),
  };
}
