import { docker20_10 } from './docker-20.10.js';
import { docker26_1 } from './docker-26.1.js';
import { podman4_3 } from './podman-4.3.js';

export type { EngineRecording, RecordedDeed, RecordedState } from './engine-recording.js';

export const recordings = { docker20_10, docker26_1, podman4_3 };
