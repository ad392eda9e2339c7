import { read, readStatus, signIn, token } from './api.js';
import { balanceTable, payoutState, payoutTable, periodTable, totals } from './books.js';
import { show } from './dom.js';
import { ago, zone } from './format.js';
import { headline, lampState, orchestratorCards, subline } from './on-air.js';

const refreshMs = 3_000;
const longestWaitMs = 30_000;
const periodsShown = 30;

const place = (id) => document.getElementById(id);

/** What was last known; the page says so when it grows old. */
const known = { status: null, books: null, atMs: null, fault: null };
let failures = 0;
let timer;

async function readBooks() {
  const [orchestrators, balances, payouts, payoutRun, assessments] = await Promise.all([
    read('orchestrators?limit=200'),
    read('balances'),
    read('payments?limit=20'),
    read('payouts'),
    read('assessments?limit=200&evidence=false'),
  ]);
  return {
    names: Object.fromEntries(orchestrators.items.map(({ id, name }) => [id, name])),
    balances: balances.items,
    payouts: payouts.items,
    payoutRun,
    assessments: assessments.items,
  };
}

function signOut(message = '') {
  token.forget();
  known.books = null;
  place('sign-in-fault').textContent = message;
}

async function refresh() {
  clearTimeout(timer);
  try {
    known.status = await readStatus();
    if (token.get() !== null) known.books = await readBooks();
    known.atMs = Date.now();
    known.fault = null;
    failures = 0;
  } catch (refusal) {
    if (refusal.status === 401) {
      signOut('Your session has ended. Sign in again.');
      known.fault = null;
    } else {
      failures += 1;
      known.fault = refusal.message;
    }
  }
  render();
  timer = setTimeout(refresh, Math.min(longestWaitMs, refreshMs * 2 ** Math.min(failures, 4)));
}

function render() {
  const { status, books } = known;
  renderConnection();
  place('sign-in').hidden = token.get() !== null;
  place('sign-out').hidden = token.get() === null;
  place('books').hidden = books === null;
  if (status !== null) renderStatus(status, books?.assessments ?? []);
  if (books !== null) renderBooks(books);
}

function renderStatus(status, assessments) {
  place('headline').textContent = headline(status);
  place('subline').textContent = subline(status);
  place('version').textContent = `Version ${status.version}`;
  document.querySelector('.lamp').dataset.state = known.fault === null ? lampState(status) : 'none';
  document.title = `${headline(status)} — uptime payroll`;
  show(place('orchestrators'), [status.orchestrators, assessments], ([all, judged]) =>
    orchestratorCards(all, judged),
  );
}

function renderBooks({ names, balances, payouts, payoutRun, assessments }) {
  const nameOf = (id) => names[id] ?? id.slice(0, 8);
  place('payout-state').textContent = payoutState(payoutRun);
  show(place('totals'), balances, totals);
  show(place('balances'), [balances, names], ([rows]) => balanceTable(rows, nameOf));
  show(place('payouts'), [payouts, names], ([rows]) => payoutTable(rows, nameOf));
  show(place('periods'), [assessments.slice(0, periodsShown), names], ([rows]) => periodTable(rows, nameOf));
}

function renderConnection() {
  const connection = place('connection');
  const state = known.fault !== null ? 'lost' : known.atMs === null ? 'connecting' : 'live';
  const sentence =
    known.atMs === null ? known.fault : `${known.fault} Last word ${ago(Date.now() - known.atMs)}.`;
  const words = { lost: sentence, connecting: 'Connecting', live: 'Live' };
  connection.dataset.state = state;
  document.body.dataset.connection = state;
  if (connection.textContent !== words[state]) connection.textContent = words[state];
}

place('sign-in-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { target: form } = event;
  const button = form.querySelector('button');
  button.disabled = true;
  place('sign-in-fault').textContent = '';
  try {
    await signIn(form.elements.password.value);
    form.reset();
    await refresh();
  } catch (refusal) {
    place('sign-in-fault').textContent = refusal.message;
  } finally {
    button.disabled = false;
  }
});

place('sign-out').addEventListener('click', () => {
  signOut();
  render();
});

// A page in the background asks nothing; coming back, it asks at once.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) clearTimeout(timer);
  else void refresh();
});

place('zone').textContent = `Times in ${zone()}`;
void refresh();
