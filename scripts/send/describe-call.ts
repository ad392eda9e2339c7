import type { Terminal } from '../console/terminal.js';
import type { CallResult } from './call.js';

const titles = { gateway: 'through the gateway', worker: 'straight to the worker' } as const;

/** A few lines for a person. */
export function describeCall(call: CallResult, { style }: Pick<Terminal, 'style'>): string {
  const mark = call.ok ? style('green', '✔') : style('red', '✘');
  const status = call.status === null ? 'no answer' : `status ${call.status}`;
  const lines = [`${mark} ${style('bold', titles[call.via])}: ${status} in ${call.latency_ms.toFixed(1)} ms`];
  const fact = (name: string, value: string): void => {
    lines.push(`    ${name.padEnd(13)} ${value}`);
  };
  if (call.uptime_percentage !== null) {
    const eligible = call.eligible_for_payment ? 'eligible' : 'not eligible';
    const above = `${call.services_up ?? 0} of ${call.services_total ?? 0} services above its minimum`;
    fact(
      'uptime',
      `${call.uptime_percentage.toFixed(2)} % in the report’s window (the worker’s view: ${above}, ${eligible})`,
    );
  }
  if (call.worker_address !== null) fact('signed by', call.worker_address);
  if (call.orchestrator_url !== null) fact('orchestrator', call.orchestrator_url);
  if (call.balance !== null) fact('balance', `${call.balance} wei (Livepeer-Balance)`);
  if (call.metadata !== null && call.metadata !== '') fact('metadata', call.metadata);
  if (call.detail !== null) fact('reason', call.detail);
  return lines.join('\n');
}
