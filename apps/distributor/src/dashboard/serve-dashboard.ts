import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What Vite built: beside the compiled app, or in `dist` when the sources run, as in tests. */
const places = ['../../../dashboard/page/', '../../../../dist/apps/dashboard/page/'];

function builtPage(): string {
  const folder = places
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((place) => existsSync(`${place}index.html`));
  if (folder === undefined) throw new Error('The dashboard has not been built: npm run build');
  return folder;
}

/** Nothing inline, nothing from elsewhere, nobody may frame it. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the page at `/`: one route per file, so that an unknown path is still answered with a problem document. */
export async function serveDashboard(app: NestFastifyApplication): Promise<void> {
  await app.register(fastifyStatic, {
    root: builtPage(),
    preCompressed: true,
    prefix: '/',
    wildcard: false,
    decorateReply: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      // The names of assets carry a hash of what is in them.
      const isAsset = path.includes('/assets/');
      reply.header('cache-control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
      reply.header('content-security-policy', contentSecurityPolicy);
      reply.header('x-content-type-options', 'nosniff');
      reply.header('referrer-policy', 'no-referrer');
    },
  });
}
