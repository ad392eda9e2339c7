import type { Measurement, Unit } from '../benchmark.js';

const digits = (value: number, fraction: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: fraction, maximumFractionDigits: fraction });

/** A number as people read it, with its unit. */
export function formatFigure(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return '–';
  switch (unit) {
    case 'count':
      return digits(value, 0);
    case 'share':
      return digits(value, 2);
    case 'per second':
      return `${digits(value, 0)}/s`;
    case 's':
    case 'GB':
    case 'TB':
      return `${digits(value, 2)} ${unit}`;
    case 'ms':
    case 'MB':
    case 'B':
      return `${digits(value, 0)} ${unit}`;
  }
}

export function formatTarget({ target, unit }: Measurement): string {
  if (target === undefined) return '';
  if ('atMost' in target) return `≤ ${formatFigure(target.atMost, unit)}`;
  if ('atLeast' in target) return `≥ ${formatFigure(target.atLeast, unit)}`;
  return formatFigure(target.exactly, unit);
}

/** Judged by the median; undefined without a target. */
export function isMet({ target, value }: Measurement): boolean | undefined {
  if (target === undefined) return undefined;
  if ('atMost' in target) return value <= target.atMost;
  if ('atLeast' in target) return value >= target.atLeast;
  return value === target.exactly;
}
