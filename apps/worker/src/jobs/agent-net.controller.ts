import { Monitor, signedReportToWire } from '#monitoring';
import { toIsoTime } from '#platform';
import { Body, Controller, HttpCode, Inject, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { ApiProblems } from '../problem-responses.js';
import { ReportMaker } from '../reports/report-maker.js';
import { PerWindow } from '../uptime/per-window.js';
import { judgeWindow } from '../uptime/uptime-view.js';
import { spanOf } from '../uptime/window-query.js';
import { WORKER_CONFIG, type WorkerConfig } from '../worker.config.js';
import { JobMemory } from './job-memory.js';
import { type JobAnswer, jobAnswerSchema, type JobInput, jobSchema } from './job.schemas.js';

/** Long enough for every retry of a gateway; short enough that a reused job id does not bring up old answers. */
const rememberedMs = 5 * 60_000;
const rememberedJobs = 256;

@ApiTags('jobs')
@Controller('agent-net')
export class AgentNetController {
  private readonly answered = new JobMemory<JobAnswer>({ capacity: rememberedJobs, keepMs: rememberedMs });

  private readonly judged = new PerWindow((window) => judgeWindow(window, this.config.minUptimeBasisPoints));

  constructor(
    private readonly reports: ReportMaker,
    private readonly monitor: Monitor,
    @Inject(WORKER_CONFIG) private readonly config: WorkerConfig,
  ) {}

  @Post()
  @HttpCode(200)
  @ApiOperation({
    summary: 'The BYOC job: the uptime of the services and the signed report that proves it',
    description:
      'Without from and to: the 60 s that end at the watermark. The header X-Metadata sums the answer up as JSON, since a gateway passes it on. More jobs at once than the capacity are refused with 429.',
  })
  @ApiResponse({
    status: 200,
    description: 'Done',
    standardSchema: jobAnswerSchema,
    headers: { 'X-Metadata': { description: 'JSON, ASCII', schema: { type: 'string' } } },
  })
  @ApiProblems(400, 401, 409, 410, 413, 429)
  run(
    @Body({ schema: jobSchema }) job: JobInput,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): JobAnswer {
    const key = job.job_id === undefined ? undefined : JSON.stringify(job);
    const answer = (key === undefined ? undefined : this.answered.recall(key)) ?? this.answer(job);
    if (key !== undefined) this.answered.remember(key, answer);
    void reply.header('x-metadata', metadataOf(answer));
    return answer;
  }

  private answer(job: JobInput): JobAnswer {
    const span = spanOf(job, this.monitor.watermarkMs());
    const { window, signed } = this.reports.make(span, job.challenge);
    const judged = this.judged.of(window);
    return {
      status: 'success',
      agent_id: job.agent_id ?? null,
      job_id: job.job_id ?? null,
      capability: this.config.offer.name,
      timestamp: toIsoTime(Date.now()),
      services: {
        total: judged.total,
        up: judged.up,
        down: judged.down,
        uptime_percentage: judged.percentage,
        eligible_for_payment: judged.isEligible,
      },
      report: signedReportToWire(signed),
    };
  }
}

/** A header holds ASCII only: everything else is escaped as JSON allows. */
const asciiJson = (value: unknown) =>
  JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

function metadataOf({ job_id, capability, services, report: { report } }: JobAnswer): string {
  return asciiJson({
    job_id,
    capability,
    worker_address: report.worker_address,
    from: report.from,
    to: report.to,
    uptime_percentage: services.uptime_percentage,
    eligible_for_payment: services.eligible_for_payment,
  });
}
