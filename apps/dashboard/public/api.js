const answerLimitMs = 10_000;
const tokenKey = 'token';

/** What the distributor answered when it refused; `status` is null when it did not answer at all. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const token = {
  get: () => sessionStorage.getItem(tokenKey),
  set: (value) => sessionStorage.setItem(tokenKey, value),
  forget: () => sessionStorage.removeItem(tokenKey),
};

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(`api/v1/${path}`, {
      ...options,
      headers: { accept: 'application/json', ...options.headers },
      signal: window.AbortSignal.timeout(answerLimitMs),
    });
  } catch {
    throw new Refusal(null, 'The distributor does not answer.');
  }
  const body = await answer.json().catch(() => null);
  if (!answer.ok)
    throw new Refusal(answer.status, body?.detail ?? `The distributor answered ${answer.status}.`);
  if (body === null) throw new Refusal(null, 'The answer was cut off.');
  return body;
}

export const readStatus = () => ask('status');

export const read = (path) => ask(path, { headers: { authorization: `Bearer ${token.get()}` } });

export async function signIn(password) {
  const { access_token } = await ask('auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ password }),
  });
  token.set(access_token);
}
