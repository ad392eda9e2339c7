/** These two dependencies of Fastify are ESM only and are required from CommonJS, which Jest cannot do on Node 20. */
const requiredEsm = '(content-disposition|cookie)';

export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  testMatch: ['**/*.spec.ts', '**/*.e2e-spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/.local/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.local/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': '@swc/jest',
    [`/node_modules/${requiredEsm}/.+\\.js$`]: [
      '@swc/jest',
      { swcrc: false, jsc: { target: 'es2022' }, module: { type: 'commonjs' } },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!${requiredEsm}/)`],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^fast-check$': '<rootDir>/test/support/fast-check.js',
  },
  setupFiles: ['<rootDir>/test/support/quiet-logs.js'],
  // End-to-end tests mostly wait: on two cores two files at once take half the time.
  maxWorkers: 2,
  // Node keeps the modules of every file it has run (the experimental VM modules are never collected): after two hundred
  // files a worker spent most of its time on collections, and a file of one second took forty.
  workerIdleMemoryLimit: '1GB',
  globalSetup: '<rootDir>/test/support/global-setup.js',
  globalTeardown: '<rootDir>/test/support/global-teardown.js',
  reporters: ['default', '<rootDir>/tools/one-line-reporter.js'],
  testTimeout: 60_000,
};
