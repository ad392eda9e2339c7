import { signedReportToWire, type SignedReportWire } from '#monitoring';
import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';

import { ApiProblems } from '../problem-responses.js';
import { ReportMaker } from './report-maker.js';
import { type ReportQuery, reportQuerySchema } from './report-query.js';
import { signedReportAnswer } from './reports.responses.js';

@ApiTags('reports')
@Controller('reports')
export class ReportsController {
  constructor(private readonly reports: ReportMaker) {}

  @Get()
  @ApiOperation({
    summary: 'The signed uptime report for exactly [from, to)',
    description: 'A window that ends beyond the watermark is not settled yet: 409 with the watermark.',
  })
  @ApiResponse({ status: 200, description: 'The report', standardSchema: signedReportAnswer })
  @ApiProblems(400, 409)
  report(@Query({ schema: reportQuerySchema }) query: ReportQuery): SignedReportWire {
    const { signed } = this.reports.make({ fromMs: query.from, toMs: query.to }, query.challenge);
    return signedReportToWire(signed);
  }
}
