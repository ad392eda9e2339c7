import { Agent, request } from 'undici';

/** The bytes that a real Engine answers, which a client library would hide. */
export class EngineQuestions {
  private readonly agent: Agent;

  constructor(socketPath: string) {
    this.agent = new Agent({ connect: { socketPath }, bodyTimeout: 30_000 });
  }

  async ask(path: string): Promise<{ status: number; headers: Record<string, string>; body: string }> {
    const { statusCode, headers, body } = await request(`http://engine${path}`, { dispatcher: this.agent });
    const text = await body.text();
    const single = Object.entries(headers).map(([name, value]) => [name, String(value)]);
    return { status: statusCode, headers: Object.fromEntries(single) as Record<string, string>, body: text };
  }

  /** The events between two times that the Engine remembers, line by line. */
  async eventsBetween(fromMs: number, toMs: number): Promise<{ lines: string[]; contentType: string }> {
    const path = `/events?since=${(fromMs / 1_000).toFixed(3)}&until=${(toMs / 1_000).toFixed(3)}`;
    const { body, headers } = await this.ask(path);
    return {
      lines: body.split('\n').filter((line) => line !== ''),
      contentType: headers['content-type'] ?? '',
    };
  }

  /** What is told from now on, without any filter. Podman remembers nothing that could be asked for afterwards. */
  async listen(): Promise<{ contentType: string; end: () => string[] }> {
    const { headers, body } = await request('http://engine/events', {
      dispatcher: this.agent,
      bodyTimeout: 0,
    });
    let told = '';
    body.setEncoding('utf8');
    body.on('data', (text: string) => (told += text)).on('error', () => undefined);
    return {
      contentType: String(headers['content-type']),
      end: () => {
        body.destroy();
        return told.split('\n').filter((line) => line !== '');
      },
    };
  }

  async end(): Promise<void> {
    await this.agent.close();
  }
}
