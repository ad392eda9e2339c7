import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Docker kills ten seconds after it asked; before this come the jobs under way (3 s) and the registry (3 s). */
const patienceMs = 1_000;

/**
 * A server that closes waits for every connection on which a request may still come: one that never said anything, or
 * stopped in the middle, would be waited for until its client goes away. After a moment they are cut.
 */
export function closeInTime(app: NestFastifyApplication): void {
  const server = app.getHttpServer();
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('preClose', (done) => {
      setTimeout(() => {
        server.closeAllConnections();
      }, patienceMs).unref();
      done();
    });
}
