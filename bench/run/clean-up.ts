type Step = () => Promise<void> | void;

/** What has to be undone, last first. Runs once, whoever asks: the end of the benchmark or Ctrl-C. */
export class CleanUp {
  private readonly steps: Step[] = [];
  private running: Promise<void> | undefined;

  add(step: Step): void {
    this.steps.push(step);
  }

  async run(): Promise<void> {
    this.running ??= this.runSteps();
    await this.running;
  }

  private async runSteps(): Promise<void> {
    for (let step = this.steps.pop(); step; step = this.steps.pop()) {
      try {
        await step();
      } catch (error) {
        process.stderr.write(`clean-up: ${error instanceof Error ? error.message : String(error)}\n`);
      }
    }
  }
}
