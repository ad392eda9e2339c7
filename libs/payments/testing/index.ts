export { type Anvil, type AnvilOptions, startAnvil } from './start-anvil.js';
export { AnvilMissingError } from './anvil-binary.js';
export { deployLocalToken, type LocalToken, type LocalTokenOptions } from './deploy-local-token.js';
export { developmentKeys } from './development-keys.js';
export { openTestBooks, type TestBooks } from './test-books.js';
export { FaultWorld } from './faults/fault-world.js';
export { restoredBooks } from './faults/restored-books-round.js';
export { shortDeck } from './faults/rounds.js';
export { torture, tortureIn, type TortureOptions, type TortureReport } from './faults/torture.js';
