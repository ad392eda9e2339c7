import { AnswerSchemas, type OpenApiDocument, type Operation, readOpenApi } from '#platform/testing';
import { JwtService } from '@nestjs/jwt';
import { page, payoutAddress, type RestRig, startRestRig } from '../rest-rig.js';
import { type Answer, type Asking, viewerPassword } from '../running-distributor.js';
import { fill } from './fill.js';
import { isForPayee, payeePrefix, type Routes, routesOf } from './routes.js';

export interface ContractRig extends RestRig {
  document: OpenApiDocument;
  operations: readonly Operation[];
  routes: Routes;
  schemas: AnswerSchemas;
  viewer: string;
  /** Of whom `paid` is paid to. */
  payee: string;
  expired: string;
  /** An orchestrator that exists. */
  someone: string;
  /** An orchestrator with periods and payouts. */
  paid: string;
  /** As the administrator, or as the payee where only a payee may, unless `asking` says otherwise. */
  call(operation: Operation, path: string, asking?: Asking): Promise<Answer>;
  /** With something that exists in place of `{id}`. */
  pathTo(operation: Operation): Promise<string>;
  /** Every item of a list, page by page. */
  walk(path: string, limit: number): Promise<Record<string, unknown>[]>;
}

const pages = 2_000;

/** A running distributor with some of everything in its books, and what it says of itself. */
export async function startContractRig(
  database: { url: string; drop(): Promise<void> },
  environment: Record<string, string> = {},
): Promise<ContractRig> {
  const rig = await startRestRig(database, environment);
  try {
    await fill(rig);
    return await described(rig);
  } catch (error) {
    await rig.close();
    throw error;
  }
}

async function described(rig: RestRig): Promise<ContractRig> {
  const { document, operations } = readOpenApi((await rig.distributor.ask('/docs-json')).body);
  const jwt = rig.distributor.app.get(JwtService, { strict: false });
  const payee = await jwt.signAsync({ sub: 'payee', address: payoutAddress });
  const paid = await firstOf(rig, 'assessments?decision=paid', 'orchestrator_id');
  const tokenFor = (path: string) => (path.startsWith(payeePrefix) ? payee : rig.token);

  async function walk(path: string, limit: number): Promise<Record<string, unknown>[]> {
    const items: Record<string, unknown>[] = [];
    let cursor: string | null = null;
    for (let turn = 0; turn < pages; turn += 1) {
      const joint = path.includes('?') ? '&' : '?';
      const next: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const url = `/api/v1/${path}${joint}limit=${limit}${next}`;
      const { items: some, next_cursor } = page.parse(
        (await rig.distributor.ask(url, { token: tokenFor(url) })).body,
      );
      items.push(...some);
      if (next_cursor === null) return items;
      if (some.length !== limit) throw new Error(`${path}: a page of ${some.length} is not the last one`);
      cursor = next_cursor;
    }
    throw new Error(`${path}: does not end`);
  }

  return {
    ...rig,
    ...{ document, operations, routes: routesOf(operations), schemas: new AnswerSchemas(document) },
    ...{ payee, paid, walk },
    viewer: await rig.distributor.signIn(viewerPassword),
    expired: await jwt.signAsync({ sub: 'admin' }, { expiresIn: -1 }),
    someone: await firstOf(rig, 'orchestrators', 'id'),
    call: (operation, path, asking = {}) =>
      rig.distributor.ask(path, {
        token: isForPayee(operation) ? payee : rig.token,
        method: operation.method,
        ...asking,
      }),
    async pathTo({ path }) {
      if (!path.includes('{')) return path;
      const [list = ''] = path.replace('/api/v1/', '').split('/{');
      const id = list === 'payee/orchestrators' ? paid : await firstOf(rig, idsFrom(list, paid), 'id');
      return path.replace(/\{\w+\}/, id);
    },
  };
}

/** A list with the ids that a route takes: mostly the list of the same name. */
function idsFrom(place: string, paid: string): string {
  if (place === 'payee/evidence') return `assessments?orchestrator_id=${paid}&decision=paid`;
  return place === 'payee/payments' ? `payments?orchestrator_id=${paid}` : place;
}

async function firstOf(rig: RestRig, list: string, field: string): Promise<string> {
  const [first] = await rig.itemsOf(list);
  const value = first?.[field];
  if (typeof value !== 'string') throw new Error(`nothing in ${list}`);
  return value;
}
