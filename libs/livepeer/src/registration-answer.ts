import { errorCode, errorText } from './job-outcome.js';

/** What an orchestrator's answer to a registration means. */
export type RegistrationVerdict =
  | { kind: 'registered' }
  | {
      kind: 'wrong-secret' | 'bad-offer' | 'dropped' | 'unreachable' | 'not-an-orchestrator';
      detail: string;
    };

/** `ok` is labelled JSON and is not; a 400 is a wrong secret **or** a bad body, which only its text tells. */
export function judgeRegistration(status: number, text: string): RegistrationVerdict {
  const said = text.trim().slice(0, 300);
  if (status === 200 && said === 'ok') return { kind: 'registered' };
  if (status === 400 && said.startsWith('invalid authorization')) {
    return {
      kind: 'wrong-secret',
      detail: 'the orchestrator refused the secret: it must equal its -orchSecret exactly',
    };
  }
  if (status === 400) return { kind: 'bad-offer', detail: `the orchestrator refused the offer: ${said}` };
  return {
    kind: 'not-an-orchestrator',
    detail: `the address does not answer as an orchestrator does: status ${String(status)}${said === '' ? '' : `, ${said}`}`,
  };
}

export function judgeRegistrationError(error: unknown): RegistrationVerdict {
  const code = errorCode(error);
  const message = errorText(error);
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' || code === 'EPIPE') {
    return {
      kind: 'dropped',
      detail: `the orchestrator closed the connection without an answer, which it also does for a currency it has no price feed for (${message})`,
    };
  }
  return { kind: 'unreachable', detail: `the orchestrator cannot be reached: ${message}` };
}
