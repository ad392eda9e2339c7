import { GatewayClient } from '#livepeer';
import { FaultyPath, startGatewayDouble, startOrchestratorDouble } from '#livepeer/testing';
import { parseSignedReport } from '#monitoring';
import { startSimulatedEngine } from '#monitoring/testing';
import { describe, expect, it } from '@jest/globals';

import { send, startWorker, until, untilSettled } from '../testing/running-worker.js';
import { jobAnswerSchema } from './job.schemas.js';
import { serviceStatusesSchema } from '../uptime/uptime.responses.js';

const challenge = `0x${'5a'.repeat(32)}`;

describe('behind an orchestrator and a gateway', () => {
  it('registers, does a job, and withdraws when it stops', async () => {
    const engine = await startSimulatedEngine({ services: [{ name: 'redis_scb' }] });
    const orchestrator = await startOrchestratorDouble({ secret: 'orch-secret' });
    const gateway = await startGatewayDouble({ orchestrators: [orchestrator.url] });
    const client = new GatewayClient({ gatewayUrl: gateway.url });
    // The capability's address must be known before the worker's port is.
    const path = await FaultyPath.open();
    const byoc = await startWorker({
      DOCKER_HOST: engine.dockerHost,
      MONITORED_SERVICES: 'redis_scb',
      ORCH_URL: orchestrator.url,
      ORCH_SECRET: 'orch-secret',
      CAPABILITY_URL: path.url,
    });
    path.leadTo(byoc.port);
    let isStopped = false;
    try {
      await until(
        () => Promise.resolve(orchestrator.capabilities()),
        (capabilities) => capabilities.length === 1,
      );
      await untilSettled(byoc);
      const { registration } = serviceStatusesSchema.parse((await send(`${byoc.url}/service-status`)).json);
      expect(registration).toEqual({
        state: 'registered',
        registered_at: expect.stringMatching(/Z$/),
        last_error: null,
      });
      expect((await send(`${byoc.url}/health/ready`)).text).toContain('"state":"registered"');
      const metrics = (await send(`${byoc.url}/metrics`)).text;
      expect(metrics).toContain('worker_registration_state{state="registered"} 1');
      expect(metrics).toContain('worker_registrations_total{outcome="confirmed"} 1');
      expect(metrics).toMatch(/^worker_registration_age_seconds \d/m);
      const outcome = await client.send({
        id: 'job-9',
        capability: 'agent-net',
        route: '/agent-net',
        body: { challenge },
        orchestratorUrl: orchestrator.url,
        timeoutSeconds: 10,
      });
      if (outcome.kind !== 'success') throw new Error(outcome.detail);
      const answer = jobAnswerSchema.parse(outcome.body);
      expect(answer.job_id).toBe('job-9');
      expect(parseSignedReport(answer.report).report.challenge).toBe(challenge);
      expect(JSON.parse(outcome.metadata ?? '')).toMatchObject({ job_id: 'job-9' });

      await byoc.stop();
      isStopped = true;
      expect(orchestrator.capabilities()).toEqual([]);
    } finally {
      if (!isStopped) await byoc.stop();
      await client.close();
      await engine.stop();
      await gateway.stop();
      await orchestrator.stop();
      await path.stop();
    }
  });
});
