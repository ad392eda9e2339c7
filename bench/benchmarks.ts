import { accuracy } from './accuracy/accuracy.js';
import type { Benchmark } from './benchmark.js';
import { books } from './books/books.js';
import { byoc } from './byoc/byoc.js';
import { dashboard } from './dashboard/dashboard.js';
import { monitoring } from './monitoring/monitoring.js';
import { settlement } from './settlement/settlement.js';

/** By the name that `npm run bench -- NAME` takes; each lives in a folder of this name. */
export const benchmarks: Readonly<Record<string, Benchmark>> = {
  accuracy,
  books,
  byoc,
  dashboard,
  monitoring,
  settlement,
};
