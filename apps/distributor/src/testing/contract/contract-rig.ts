import { AnswerSchemas, type OpenApiDocument, type Operation, readOpenApi } from '#platform/testing';
import { JwtService } from '@nestjs/jwt';
import { page, type RestRig, startRestRig } from '../rest-rig.js';
import { type Answer, type Asking, until, viewerPassword } from '../running-distributor.js';

export interface ContractRig extends RestRig {
  document: OpenApiDocument;
  operations: readonly Operation[];
  schemas: AnswerSchemas;
  viewer: string;
  expired: string;
  /** An orchestrator that exists. */
  someone: string;
  /** As the administrator, unless `asking` says otherwise. */
  call(operation: Operation, path: string, asking?: Asking): Promise<Answer>;
  /** Every item of a list, page by page. */
  walk(path: string, limit: number): Promise<Record<string, unknown>[]>;
}

const pages = 2_000;

/** A running distributor with some of everything in its books, and what it says of itself. */
export async function startContractRig(database: {
  url: string;
  drop(): Promise<void>;
}): Promise<ContractRig> {
  const rig = await startRestRig(database);
  const { document, operations } = readOpenApi((await rig.distributor.ask('/docs-json')).body);
  try {
    await fill(rig);
  } catch (error) {
    await rig.close();
    throw error;
  }
  const jwt = rig.distributor.app.get(JwtService, { strict: false });
  return {
    ...rig,
    document,
    operations,
    schemas: new AnswerSchemas(document),
    viewer: await rig.distributor.signIn(viewerPassword),
    expired: await jwt.signAsync({ sub: 'admin' }, { expiresIn: -1 }),
    someone: String((await rig.itemsOf('orchestrators'))[0]?.id),
    call: (operation, path, asking = {}) =>
      rig.distributor.ask(path, { token: rig.token, method: operation.method, ...asking }),
    async walk(path, limit) {
      const items: Record<string, unknown>[] = [];
      let cursor: string | null = null;
      for (let turn = 0; turn < pages; turn += 1) {
        const joint = path.includes('?') ? '&' : '?';
        const next: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const { items: some, next_cursor } = page.parse(
          (await rig.get(`${path}${joint}limit=${limit}${next}`)).body,
        );
        items.push(...some);
        if (next_cursor === null) return items;
        if (some.length !== limit) throw new Error(`${path}: a page of ${some.length} is not the last one`);
        cursor = next_cursor;
      }
      throw new Error(`${path}: does not end`);
    },
  };
}

/** Payees, versions of terms, corrections, judged periods and a payout. */
async function fill(rig: RestRig): Promise<void> {
  const { id } = await rig.create({ name: '=cmd|evil', required_services: ['redis_scb'] });
  for (const number of [1, 2, 3]) {
    await rig.create({});
    await rig.send('POST', 'adjustments', {
      orchestrator_id: id,
      amount_usd: `0.00000${number}`,
      reason: number === 1 ? '=1+1' : `correction "${number}", with a comma\nand a line`,
    });
    await rig.send('PUT', `orchestrators/${id}/rate`, { usd_per_minute: `${number}` });
    await rig.send('POST', 'policies', { orchestrator_id: id, min_uptime: 90 + number });
  }
  await until(
    () => rig.itemsOf('payments'),
    (payments) => payments.length > 1,
  );
  rig.worker.down.add('autogen_agent');
  await until(
    () => rig.itemsOf('assessments?decision=unpaid&limit=1'),
    (unpaid) => unpaid.length > 0,
  );
  rig.worker.down.clear();
}
