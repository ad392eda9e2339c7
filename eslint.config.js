import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Which rooms a room may enter, by their doors. The picture is in docs/architecture.md. */
const arrows = {
  'libs/platform': [],
  'libs/monitoring': ['platform'],
  'libs/livepeer': ['platform'],
  'libs/payments': ['monitoring', 'platform', 'platform/database'],
  'apps/worker': ['livepeer', 'monitoring', 'platform'],
  'apps/distributor': ['livepeer', 'monitoring', 'payments', 'platform', 'platform/database'],
  'apps/local': [
    'livepeer',
    'livepeer/testing',
    'monitoring',
    'monitoring/testing',
    'payments',
    'payments/testing',
    'platform',
    'platform/database',
  ],
  'apps/dashboard': [],
  scripts: ['livepeer', 'monitoring', 'payments', 'platform', 'platform/database'],
  bench: [
    'livepeer',
    'livepeer/testing',
    'monitoring',
    'monitoring/testing',
    'payments',
    'payments/testing',
    'platform',
    'platform/database',
    'platform/testing',
  ],
};

const testingDoors = ['platform', 'monitoring', 'livepeer', 'payments'].map((room) => `${room}/testing`);

/** Besides the doors of libraries, a benchmark measures parts of the apps, which have none. */
const closedDoors = (room, may) => ({
  'no-restricted-imports': [
    'error',
    {
      patterns: [
        { regex: `^#(?!(${may.join('|') || 'nothing'})$)`, message: `${room} may not import this room.` },
        {
          regex:
            room === 'bench'
              ? '(^|/)libs/'
              : '(^|/)(apps|libs)/|\\.\\./(\\.\\./)+(libs|apps|platform|monitoring|livepeer|payments)/',
          message: 'Enter another room by its door (#room).',
        },
      ],
    },
  ],
});

export default defineConfig(
  globalIgnores(['dist/', 'node_modules/', '.local/', 'contracts/artifacts/', 'coverage/']),
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/require-await': 'off',
      // Nest declares its option objects as classes.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      'no-restricted-globals': ['error', { name: 'isNaN', message: 'Use Number.isNaN.' }],
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Configuration is parsed once, by the schema of the app.',
        },
      ],
      eqeqeq: 'error',
    },
  },
  ...Object.entries(arrows).map(([room, may]) => ({
    files: [`${room}/**/*.{ts,tsx}`],
    rules: closedDoors(room, may),
  })),
  // Specs and test doubles may use every library's doubles, but libraries keep their arrows.
  ...Object.entries(arrows).map(([room, may]) => ({
    files: [`${room}/**/*.spec.ts`, `${room}/**/testing/**/*.ts`],
    rules: closedDoors(room, [...may, ...testingDoors]),
  })),
  {
    files: ['**/*.spec.ts', '**/testing/**/*.ts', 'test/**/*.ts'],
    rules: { 'no-restricted-properties': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    // The programs that break or replace the real thing on purpose.
    files: ['scripts/torture/**/*.ts', 'scripts/rehearse/**/*.ts'],
    rules: closedDoors('scripts', [...arrows.scripts, ...testingDoors]),
  },
  {
    // The one place that reads the environment.
    files: ['libs/platform/src/config/environment.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['**/*.js'],
    languageOptions: {
      ecmaVersion: 2024,
      sourceType: 'module',
      globals: {
        process: 'readonly',
        URL: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        Buffer: 'readonly',
      },
    },
  },
  {
    files: ['apps/dashboard/**/*.js'],
    languageOptions: {
      globals: {
        document: 'readonly',
        window: 'readonly',
        fetch: 'readonly',
        sessionStorage: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        clearTimeout: 'readonly',
        Intl: 'readonly',
        EventSource: 'readonly',
      },
    },
  },
);
