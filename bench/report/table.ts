import type { Section } from '../benchmark.js';
import { formatFigure, formatTarget, isMet } from './figure.js';

const head = ['', 'Measured', 'Worst', 'Target', '', 'Beside'];
const mark = (met: boolean | undefined): string => (met === undefined ? '' : met ? '✓' : '✗');

const rowsOf = ({ measurements }: Section): string[][] =>
  measurements.map((measurement) => [
    measurement.what,
    formatFigure(measurement.value, measurement.unit),
    measurement.worst === undefined ? '' : formatFigure(measurement.worst, measurement.unit),
    formatTarget(measurement),
    mark(isMet(measurement)),
    measurement.beside ?? '',
  ]);

function aligned(rows: readonly string[][]): string[][] {
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)));
}

function tableOf(section: Section): string {
  const [first = [], ...rest] = aligned([head, ...rowsOf(section)]);
  const rule = first.map((cell) => '-'.repeat(cell.length));
  return [first, rule, ...rest].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Markdown that reads well on a terminal too. */
export function renderSections(name: string, sections: readonly Section[]): string {
  return sections
    .map((section) => `### ${name}: ${section.title}\n\n${section.about}\n\n${tableOf(section)}`)
    .join('\n\n');
}

export const renderMachine = (machine: Readonly<Record<string, string>>): string =>
  Object.entries(machine)
    .map(([name, value]) => `- ${name}: ${value}`)
    .join('\n');
