export { type Anvil, type AnvilOptions, startAnvil } from './start-anvil.js';
export { AnvilMissingError } from './anvil-binary.js';
export { deployLocalToken, type LocalToken, type LocalTokenOptions } from './deploy-local-token.js';
export { developmentKeys } from './development-keys.js';
export { openTestBooks, type TestBooks } from './test-books.js';
export { shortDeck } from './faults/rounds.js';
export { torture, type TortureOptions, type TortureReport } from './faults/torture.js';
