export class OrchestratorUrlError extends Error {
  override readonly name = 'OrchestratorUrlError';
  constructor(text: string, reason: string) {
    super(`"${text}" is not the address of an orchestrator: ${reason}`);
  }
}

/**
 * The one spelling of an orchestrator's address that a gateway can match: scheme, lower-case host, port as written, and
 * nothing behind it. A gateway compares `include` with its pool as exact strings, so `https://h:9995/` is not
 * `https://h:9995` to it. As the gateway does with `-orchAddr`, a bare host gets `:8935` and a missing scheme `https://`.
 *
 * @throws {OrchestratorUrlError}
 */
export function normaliseOrchestratorUrl(text: string): string {
  const trimmed = text.trim();
  const fault = (reason: string): OrchestratorUrlError => new OrchestratorUrlError(text, reason);
  const withPort = trimmed.includes(':') ? trimmed : trimmed.replace(/^([^/?#]*)/, '$1:8935');
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(withPort) ? withPort : `https://${withPort}`;

  const parts = /^(https?):\/\/([^/?#@]+)\/*$/i.exec(withScheme);
  const [, scheme, authority] = parts ?? [];
  if (scheme === undefined || authority === undefined) {
    throw fault('it must look like https://host:port, with no path, query or user name');
  }
  if (!URL.canParse(withScheme)) throw fault('its host or port is malformed');
  return `${scheme.toLowerCase()}://${authority.toLowerCase()}`;
}
