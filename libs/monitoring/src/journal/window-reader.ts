import type { ServiceSelection } from '../containers/service-selection.js';
import { type Span, sumAllUp } from '../segments/window-sums.js';
import { type HourArchive, hourMs, hourOf } from './hour-archive.js';
import { CompactedError } from './journal-errors.js';
import { type Minute, minuteMs } from './minute-chain.js';
import type { MinuteTable } from './minute-table.js';
import type { RunningSums } from './running-sums.js';
import type { SegmentTable } from './segment-table.js';
import { measureWindow, type ServiceMeasure, type WindowMeasure } from './window-measure.js';
import { cutWindow } from './window-parts.js';
import { type ChosenMinute, WindowTally } from './window-tally.js';

export interface ReaderParts {
  segments: SegmentTable;
  minutes: MinuteTable;
  sums: RunningSums;
  archive: HourArchive;
  selection: ServiceSelection;
  /** Start of the first minute. */
  beginMs: number;
}

/** Measures windows of any length from few rows: sums, the minutes that have none, and segments at both ends. */
export class WindowReader {
  constructor(private readonly parts: ReaderParts) {}

  /** @throws CompactedError when it takes details that were let go */
  measure(window: Span, watermarkMs: number): WindowMeasure {
    const { sums, minutes, selection, beginMs } = this.parts;
    const tally = new WindowTally();
    const known = { beginMs, minutesUntilMs: minutes.sealedUntilMs, sums };
    const cut = cutWindow(window, known);
    for (const { of, span } of cut) {
      if (of === 'segments') tally.add(this.fromSegments(span, watermarkMs));
      else if (of === 'minutes') this.addMinutes(tally, span, watermarkMs);
      else sums.addTo(tally, span, (service) => selection.includes(service));
    }
    const summed = cut.find(({ of }) => of === 'sums');
    if (tally.isInDoubt || (summed && sums.hasDoubt(summed.span))) {
      throw this.tooLate('the choice of services has changed since it was compacted');
    }
    const names = selection.order(tally.names);
    return {
      services: names.map((name) => tally.service(name, window.toMs - window.fromMs)),
      allUpMs: tally.allUpMs(names) + (summed ? sums.allUpMs(names, summed.span) : 0),
    };
  }

  /** What a minute is sealed with; `staged` are services of the transaction under way. */
  toSeal(span: Span, watermarkMs: number, staged: Iterable<string>): WindowMeasure {
    const { segments, selection } = this.parts;
    const services = selection
      .order([...segments.services(span), ...staged])
      .map((name) => ({ name, segments: segments.within(name, span, watermarkMs) }));
    const counts = services.filter(
      (service) => selection.isExact(service.name) || service.segments.length > 0,
    );
    return measureWindow(counts, span);
  }

  /** What the sealed minutes of a span of at most an hour, which lies in one hour, say of the chosen services. */
  *chosenMinutes(span: Span, watermarkMs: number): Generator<ChosenMinute> {
    const { minutes, selection } = this.parts;
    for (const minute of minutes.within(span)) {
      const services = minute.services.filter(({ name }) => selection.includes(name));
      const isWhole = services.length === minute.services.length;
      const allUpMs = isWhole ? minute.allUpMs : this.allUpOf(services, minute, watermarkMs);
      yield { minuteMs: minute.minuteMs, services, allUpMs };
    }
  }

  /** The chosen services that have segments in the span. */
  private fromSegments(span: Span, watermarkMs: number): WindowMeasure {
    const { segments, archive, selection } = this.parts;
    if (span.fromMs < archive.untilMs) {
      throw this.tooLate('it begins or ends within a minute of which only the whole is kept');
    }
    const services = segments
      .services(span)
      .filter((name) => selection.includes(name))
      .map((name) => ({ name, segments: segments.within(name, span, watermarkMs) }));
    return measureWindow(
      services.filter((service) => service.segments.length > 0),
      span,
    );
  }

  private addMinutes(tally: WindowTally, { fromMs, toMs }: Span, watermarkMs: number) {
    let atMs = fromMs;
    while (atMs < toMs) {
      const endMs = Math.min(toMs, hourOf(atMs) + hourMs);
      for (const minute of this.chosenMinutes({ fromMs: atMs, toMs: endMs }, watermarkMs)) {
        tally.addMinute(minute);
      }
      atMs = endMs;
    }
  }

  /** How long some of a minute's services were up at once; null when that cannot be told any more. */
  private allUpOf(services: readonly ServiceMeasure[], minute: Minute, watermarkMs: number): number | null {
    const { segments, archive } = this.parts;
    const span = { fromMs: minute.minuteMs, toMs: minute.minuteMs + minuteMs };
    if (span.fromMs >= archive.untilMs) {
      const each = services.map(({ name }) => segments.within(name, span, watermarkMs));
      return sumAllUp(each, span);
    }
    // At most as long as the one that was up least, at least as long as with the others, or as remains when no two
    // outages overlapped.
    const most = Math.min(minuteMs, ...services.map(({ upMs }) => upMs));
    const outagesMs = services.reduce((sum, { upMs }) => sum + minuteMs - upMs, 0);
    const least = Math.max(minute.allUpMs, minuteMs - outagesMs);
    return services.length === 0 ? 0 : most === least ? most : null;
  }

  private tooLate(why: string) {
    const { untilMs } = this.parts.archive;
    const kept = new Date(untilMs).toISOString();
    return new CompactedError(
      `This window cannot be measured exactly any more: ${why}. All is kept since ${kept}`,
      untilMs,
    );
  }
}
