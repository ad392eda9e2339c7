const weakPasswords = new Set([
  'admin',
  'administrator',
  'adminpassword',
  'changeme',
  'default',
  'letmein',
  'livepeer',
  'pass',
  'password',
  'root',
  'secret',
]);

/** Twelve characters are what a person can remember and a throttled guesser cannot try. */
export const minimumPasswordLength = 12;

/** Why this password may not guard money, or `undefined` when it may. Digits and signs around a weak word do not help. */
export function weaknessOf(password: string): string | undefined {
  const word = password.toLowerCase().replace(/[^a-z]/g, '');
  if (weakPasswords.has(word) || weakPasswords.has(password.toLowerCase())) {
    return 'is one of the passwords that everyone tries first';
  }
  if (password.length < minimumPasswordLength) {
    return `must have at least ${minimumPasswordLength} characters`;
  }
  if (new Set(password).size < 5) return 'must have at least five different characters';
  return undefined;
}
