/** The end of the window lies where things may still change. */
export class BeyondWatermarkError extends Error {
  constructor(
    /** Unix milliseconds; a window may end here at the latest. */
    readonly watermarkMs: number,
  ) {
    super(`The window ends after the watermark, ${new Date(watermarkMs).toISOString()}`);
    this.name = 'BeyondWatermarkError';
  }
}

export class InvalidWindowError extends Error {
  constructor(detail: string) {
    super(`Not a window: ${detail}`);
    this.name = 'InvalidWindowError';
  }
}
