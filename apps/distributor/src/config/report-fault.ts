import type { z } from 'zod';

/** Adds a fault to the list that is printed at start; `variable` is the name that a person must change. */
export type ReportFault = (variable: string, message: string) => void;

/**
 * What is known of the environment while faults are collected: a variable that is itself at fault may still hold its
 * raw text, so a cross rule looks only at variables that have the type it expects.
 */
export type Known<Shape extends z.ZodRawShape> = Partial<z.output<z.ZodObject<Shape>>>;
