import { Monitor, sealedMinuteToWire, signedReportToWire, type SignedReportWire } from '#monitoring';
import { Controller, Get, Query, StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Readable } from 'node:stream';

import { ApiProblems } from '../problem-responses.js';
import { ReportMaker } from './report-maker.js';
import {
  type MinutesQuery,
  minutesQuerySchema,
  type ReportQuery,
  reportQuerySchema,
} from './report-query.js';
import { signedReportAnswer } from './reports.responses.js';

@ApiTags('reports')
@Controller('reports')
export class ReportsController {
  constructor(
    private readonly reports: ReportMaker,
    private readonly monitor: Monitor,
  ) {}

  @Get()
  @ApiOperation({
    summary: 'The signed uptime report for exactly [from, to)',
    description: 'A window that ends beyond the watermark is not settled yet: 409 with the watermark.',
  })
  @ApiResponse({ status: 200, description: 'The report', standardSchema: signedReportAnswer })
  @ApiProblems(400, 409, 410)
  report(@Query({ schema: reportQuerySchema }) query: ReportQuery): SignedReportWire {
    const { signed } = this.reports.make({ fromMs: query.from, toMs: query.to }, query.challenge);
    return signedReportToWire(signed);
  }

  @Get('minutes')
  @ApiOperation({
    summary: 'The sealed minutes of [from, to) with their hashes, one JSON object a line',
    description:
      'What reports are tied to: hash = SHA-256(previous_hash ‖ content). Minutes before the journal began are left out. `npm run report:verify` verifies them.',
  })
  @ApiProduces('application/x-ndjson')
  @ApiResponse({ status: 200, description: 'Lines of { content, previous_hash, hash }' })
  @ApiProblems(400, 409)
  minutes(@Query({ schema: minutesQuerySchema }) query: MinutesQuery): StreamableFile {
    const hours = this.monitor.sealedMinutes(query.from, query.to);
    // A stream reads on only as fast as the asker takes it.
    return new StreamableFile(Readable.from(linesOf(hours), { objectMode: false }), {
      type: 'application/x-ndjson',
    });
  }
}

function* linesOf(hours: ReturnType<Monitor['sealedMinutes']>) {
  for (const hour of hours) {
    yield Buffer.from(hour.map((minute) => `${JSON.stringify(sealedMinuteToWire(minute))}\n`).join(''));
  }
}
