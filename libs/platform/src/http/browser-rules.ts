import type { FastifyHelmetOptions } from '@fastify/helmet';
import type { IncomingMessage } from 'node:http';

/** The page of Swagger UI carries a style and pictures of its own; its scripts are files like all others. */
const onlyDocs = (addition: string) => (request: IncomingMessage) =>
  /^\/+docs(?:[/?#]|$)/.test(request.url ?? '') ? `'self' ${addition}` : "'self'";

/**
 * What browsers may do with an answer: nothing inline, nothing from elsewhere, nobody may frame it. No HSTS: the apps speak
 * plain HTTP, and whoever puts TLS before them says so there.
 */
export const browserRules: FastifyHelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'none'"],
      'script-src': ["'self'"],
      'style-src': [onlyDocs("'unsafe-inline'")],
      'img-src': [onlyDocs('data:')],
      'font-src': ["'self'"],
      'connect-src': ["'self'"],
      'manifest-src': ["'self'"],
      'base-uri': ["'none'"],
      'form-action': ["'self'"],
      'frame-ancestors': ["'none'"],
    },
  },
  crossOriginEmbedderPolicy: false,
  referrerPolicy: { policy: 'no-referrer' },
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
};
