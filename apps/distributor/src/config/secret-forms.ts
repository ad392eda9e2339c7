const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Shorter paths are those of a service, longer ones may be keys that were handed out. */
const shortestPath = 12;

/** Of an address what is secret in it: the password, and path and query, in which keys are handed out. */
function partsOf(secret: string): string[] {
  if (!/^\w+:\/\//.test(secret) || !URL.canParse(secret)) return [secret, secret.toLowerCase()];
  const { password, pathname, search } = new URL(secret);
  const path = `${pathname}${search}`;
  return [password, decoded(password), ...(path.length >= shortestPath ? [path] : [])];
}

/** A password stands in a line as it is, escaped as in JSON, or encoded as in an address. */
const formsOf = (text: string): string[] => [
  text,
  JSON.stringify(text).slice(1, -1),
  encodeURIComponent(text),
];

/** What others say of us may hold what we told them: an address with its key, a password. */
export const withoutSecrets = (text: string, forms: readonly string[]): string =>
  forms.reduce((rest, form) => rest.replaceAll(form, '[redacted]'), text);

/** Every form in which these secrets may turn up in a log line, the longest first. Short parts would blank out text. */
export function secretForms(secrets: readonly (string | undefined)[]): string[] {
  const present = secrets.filter((secret) => secret !== undefined);
  const forms = new Set(present.flatMap(partsOf).flatMap(formsOf));
  return [...forms].filter((form) => form.length >= 6).sort((a, b) => b.length - a.length);
}
