import { useState } from 'preact/hooks';
import * as z from 'zod/mini';
import { ask, Refusal } from '../api/client.js';
import { Field } from '../parts/form.js';
import { tokenSchema } from '../session.js';
import { signWith, walletAddress, walletOf } from './wallet.js';

type Enter = (token: z.output<typeof tokenSchema>) => void;

const challengeSchema = z.object({ message: z.string(), expires_at: z.string() });

const challengeFor = (address: string) =>
  ask('auth/siwe/challenge', challengeSchema, { method: 'POST', body: { address } });
const enterWith = (message: string, signature: string) =>
  ask('auth/siwe', tokenSchema, { method: 'POST', body: { message, signature } });

const wordsOf = (error: unknown): string => {
  if (error instanceof Refusal) return error.message;
  // EIP-1193: 4001 is a person who said no.
  if (typeof error === 'object' && error !== null && 'code' in error && error.code === 4001)
    return 'You did not sign.';
  return error instanceof Error ? error.message : String(error);
};

/** Sign-In with Ethereum: by the wallet in this browser, or by hand with whatever holds the key. */
export function PayeeSignIn({ onEnter }: { onEnter: Enter }) {
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const [isByHand, setByHand] = useState(walletOf() === null);
  const wallet = walletOf();

  const withWallet = async () => {
    if (wallet === null) return;
    setBusy(true);
    setFault('');
    try {
      const address = await walletAddress(wallet);
      const { message } = await challengeFor(address);
      onEnter(await enterWith(message, await signWith(wallet, message, address)));
    } catch (error) {
      setFault(wordsOf(error));
      setBusy(false);
    }
  };
  return (
    <div class="fields">
      <p class="muted">
        With the key of your payout address or of your worker. Signing costs nothing and moves nothing.
      </p>
      {fault !== '' && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {wallet !== null && (
        <button type="button" class="button primary" disabled={busy} onClick={() => void withWallet()}>
          Sign in with Ethereum
        </button>
      )}
      {isByHand ? (
        <ByHand onEnter={onEnter} />
      ) : (
        <p>
          <button
            type="button"
            class="plain"
            onClick={() => {
              setByHand(true);
            }}
          >
            The key is not in this browser
          </button>
        </p>
      )}
    </div>
  );
}

/** The message is shown to be signed elsewhere (`cast wallet sign`, a hardware wallet), and the signature comes back. */
function ByHand({ onEnter }: { onEnter: Enter }) {
  const [message, setMessage] = useState<string | null>(null);
  const [fault, setFault] = useState('');
  const send = async (form: HTMLFormElement) => {
    const typed = new FormData(form).get(message === null ? 'address' : 'signature');
    const text = typeof typed === 'string' ? typed.trim() : '';
    setFault('');
    try {
      if (message === null) setMessage((await challengeFor(text)).message);
      else onEnter(await enterWith(message, text));
    } catch (error) {
      setFault(wordsOf(error));
    }
  };
  const wrong = fault === '' ? undefined : fault;
  return (
    <form
      class="fields"
      key={message === null ? 'address' : 'signature'}
      onSubmit={(event) => {
        event.preventDefault();
        void send(event.currentTarget);
      }}
    >
      {message === null ? (
        <Field
          label="Your payout or worker address"
          name="address"
          required
          placeholder="0x…"
          fault={wrong}
        />
      ) : (
        <>
          <div class="field">
            <label for="message">Sign this message</label>
            <textarea id="message" class="message" readOnly rows={11} value={message} />
            <p class="hint">
              For example <code>cast wallet sign --ledger "$(cat message)"</code>. It is good for five
              minutes, once.
            </p>
          </div>
          <Field label="Signature" name="signature" required placeholder="0x…" fault={wrong} />
        </>
      )}
      <div class="actions">
        <button type="submit" class="button primary">
          {message === null ? 'Show the message' : 'Sign in'}
        </button>
        {message !== null && (
          <button
            type="button"
            class="button"
            onClick={() => {
              setMessage(null);
              setFault('');
            }}
          >
            Another address
          </button>
        )}
      </div>
    </form>
  );
}
