import { startWorkerStub } from '#livepeer/testing';
import type { WorkerStub } from '#livepeer/testing';

export const password = 'a long password';

/** A distributor's REST API with books that a test can falsify. */
export interface StubBooks {
  assessments: Record<string, unknown>[];
  balances: Record<string, unknown>[];
  payments: Record<string, unknown>[];
  reconciliation: Record<string, unknown>;
}

export function startStubDistributor(books: StubBooks): Promise<WorkerStub> {
  return startWorkerStub(({ url, headers, body }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://distributor');
    const send = (status: number, answer: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    };
    const isSelected = (row: Record<string, unknown>): boolean =>
      ['decision', 'status', 'orchestrator_id'].every(
        (key) => !searchParams.has(key) || row[key] === searchParams.get(key),
      );
    const page = (rows: Record<string, unknown>[]): void => {
      send(200, { items: rows.filter(isSelected), next_cursor: null });
    };
    if (pathname === '/api/v1/auth/login') {
      const isRight = body === JSON.stringify({ password });
      send(isRight ? 200 : 401, isRight ? { access_token: 'token' } : { title: 'Unauthorized' });
    } else if (headers.authorization !== 'Bearer token') send(401, { title: 'Unauthorized' });
    else if (pathname === '/api/v1/assessments') page(books.assessments);
    else if (pathname === '/api/v1/balances') page(books.balances);
    else if (pathname === '/api/v1/payments') page(books.payments);
    else if (pathname === '/api/v1/reconciliation') send(200, books.reconciliation);
    else send(404, { title: 'Not Found' });
  });
}
