import type { Hex } from '#platform';

/** Milliseconds of one service within the window of its report; the four states add up to the window. */
export interface ServiceUptime {
  name: string;
  /** Every container that was seen under this name in the window, oldest first. */
  containerIds: string[];
  /** Includes `inferredUpMs`. */
  upMs: bigint;
  inferredUpMs: bigint;
  downMs: bigint;
  startingMs: bigint;
  unknownMs: bigint;
}

/** What a worker states about the half-open window `[fromMs, toMs)`; times are Unix milliseconds. */
export interface UptimeReport {
  version: 1;
  capability: string;
  /** EIP-55 address of the key that signs. */
  workerAddress: string;
  /** The Docker Engine's own id; empty while it never answered. */
  engineId: string;
  fromMs: bigint;
  toMs: bigint;
  services: ServiceUptime[];
  /** Time in which all services were up at once. */
  allUpMs: bigint;
  /** 32 bytes chosen by the asker; zero when nobody asked for freshness. */
  challenge: Hex;
  issuedAtMs: bigint;
  /** Hash of the last minute sealed before `fromMs`, and of the last sealed by `toMs`; zero when there is none. */
  previousMinuteHash: Hex;
  minuteHash: Hex;
}

export interface SignedReport {
  report: UptimeReport;
  /** 65 bytes r ‖ s ‖ v over the EIP-712 digest, low s, v 27 or 28. */
  signature: Hex;
}

export const zeroBytes32: Hex = `0x${'0'.repeat(64)}`;
