/** RFC 4648 §4 with padding: what Go's `base64.StdEncoding` reads. Not the URL-safe alphabet, not unpadded. */
const standardAlphabet = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export class Base64Error extends Error {
  override readonly name = 'Base64Error';
  constructor() {
    super('not standard base64 with padding');
  }
}

export function encodeStandardBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

/** Node's own decoder takes the URL-safe alphabet, missing padding and stray characters; a go-livepeer node does not. */
export function decodeStandardBase64(text: string): string {
  if (!standardAlphabet.test(text)) throw new Base64Error();
  return Buffer.from(text, 'base64').toString('utf8');
}
