import { describe, expect, it } from '@jest/globals';
import { prefersCsv } from './prefers-csv.js';

describe('the choice between JSON and CSV', () => {
  it.each([
    'text/csv',
    'TEXT/CSV; charset=utf-8',
    'text/*',
    'text/csv, */*',
    '*/*, text/csv',
    'text/csv, application/json;q=0.9',
    'text/csv;q=0.5, application/json;q=0',
    'text/csv, application/json',
  ])('is CSV for %s', (accept) => {
    expect(prefersCsv(accept)).toBe(true);
  });

  it.each([
    undefined,
    '',
    '*/*',
    'application/json',
    'application/json, text/csv',
    'application/json, text/csv;q=0.9',
    'text/csv;q=0',
    'text/html, application/xhtml+xml, */*;q=0.8',
    'text/plain',
    'text/csv;q=nonsense;q=0, application/json',
    ',;=',
  ])('is JSON for %s', (accept) => {
    expect(prefersCsv(accept)).toBe(false);
  });
});
