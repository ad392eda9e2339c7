import type { IncomingMessage, ServerResponse } from 'node:http';

/** Go's `net/http` buffers this much before it must choose chunks over a `Content-Length`. */
const responseBufferBytes = 2_048;

/**
 * Answers as Go's `net/http` does: headers that the handler set in alphabetical order, then `Date` and the length, then
 * the sniffed type when the handler set none; no `Connection` or `Keep-Alive`.
 */
export function goAnswer(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer = '',
): void {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body, 'utf8');
  setGoHeaders(response, headers);
  if (bytes.length > responseBufferBytes) {
    if (headers['Content-Type'] === undefined) response.setHeader('Content-Type', sniffContentType(bytes));
    response.setHeader('Transfer-Encoding', 'chunked');
  } else {
    response.setHeader('Content-Length', bytes.length);
    if (headers['Content-Type'] === undefined && bytes.length > 0) {
      response.setHeader('Content-Type', sniffContentType(bytes));
    }
  }
  response.statusCode = status;
  response.end(bytes);
}

/** The start of an answer that is written piece by piece. */
export function goStream(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  setGoHeaders(response, headers);
  response.setHeader('Transfer-Encoding', 'chunked');
  response.writeHead(200);
}

/** `http.Error`: plain text with a newline behind it. */
export function goError(
  response: ServerResponse,
  status: number,
  message: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.concat([Buffer.from(message), Buffer.from('\n')]);
  goAnswer(
    response,
    status,
    { ...headers, 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
    body,
  );
}

/** What a handler that panics looks like from outside: the connection ends with no answer. */
export function goPanic(request: IncomingMessage): void {
  request.socket.destroy();
}

/** The decoded path, or undefined for a broken escape, which Go's server answers with 400 before any handler. */
export function decodedPath(request: IncomingMessage): string | undefined {
  const raw = (request.url ?? '/').split('?', 1)[0] ?? '/';
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}

/** `http.ServeMux`: an unclean path is redirected to the clean one, a subtree without its slash to the subtree. */
export function goMuxRedirect(path: string, subtrees: readonly string[]): string | undefined {
  const clean = cleanPath(path);
  const target = subtrees.includes(`${clean}/`) ? `${clean}/` : clean;
  return target === path ? undefined : target;
}

export function goRedirect(request: IncomingMessage, response: ServerResponse, target: string): void {
  const query = request.url?.includes('?') ? request.url.slice(request.url.indexOf('?')) : '';
  const location = encodeURI(target) + query;
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  goAnswer(
    response,
    301,
    { ...(isRead ? { 'Content-Type': 'text/html; charset=utf-8' } : {}), Location: location },
    isRead ? `<a href="${location}">Moved Permanently</a>.\n\n` : '',
  );
}

function cleanPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') kept.pop();
    else kept.push(segment);
  }
  const clean = `/${kept.join('/')}`;
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}

function setGoHeaders(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1))) {
    response.setHeader(name, value);
  }
  response.setHeader('Date', new Date().toUTCString());
  // Asking for its absence is the one way to keep Node from writing `keep-alive`; the connection is kept all the same.
  if (response.shouldKeepAlive) response.removeHeader('Connection');
}

/** The part of Go's `DetectContentType` that can meet a worker's answer. JSON is plain text to it. */
function sniffContentType(bytes: Buffer): string {
  const head = bytes.subarray(0, 512);
  const text = head.toString('latin1').trimStart();
  if (
    /^<(!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)[ >]/i.test(
      text,
    )
  ) {
    return 'text/html; charset=utf-8';
  }
  if (text.startsWith('<?xml')) return 'text/xml; charset=utf-8';
  if (text.startsWith('%PDF-')) return 'application/pdf';
  const isBinary = head.some(
    (byte) => byte <= 8 || byte === 0x0b || (byte >= 0x0e && byte <= 0x1a) || (byte >= 0x1c && byte <= 0x1f),
  );
  return isBinary ? 'application/octet-stream' : 'text/plain; charset=utf-8';
}
