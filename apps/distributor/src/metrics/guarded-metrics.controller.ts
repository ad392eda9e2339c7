import { MetricsController, MetricsRoute } from '#platform';
import { Controller } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblem } from '../rest/problem.decorator.js';

/** `MetricsGuard` stands before it. */
@ApiTags('metrics')
@Controller('metrics')
export class GuardedMetricsController extends MetricsController {
  @MetricsRoute()
  @ApiProblem(401)
  @ApiResponse({ status: 401, description: 'METRICS_TOKEN is set, and the bearer token is not the same' })
  override metrics(): Promise<string> {
    return super.metrics();
  }
}
