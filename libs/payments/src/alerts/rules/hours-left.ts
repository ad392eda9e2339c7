/** Whole hours for which `left` lasts, floored; null when nothing is used, so that it lasts for ever. */
export const hoursLeft = (left: bigint, usedPerHour: bigint): bigint | null =>
  usedPerHour <= 0n ? null : left / usedPerHour;
