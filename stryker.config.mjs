// How sources are changed and tests are run by `npm run test:mutation`; see docs/mutation.md.
export default {
  testRunner: 'vitest',
  vitest: { configFile: 'test/mutation/vitest.config.ts' },
  coverageAnalysis: 'perTest',
  // What an error says is told by its parts, not word for word: see docs/mutation.md.
  mutator: { excludedMutations: ['StringLiteral'] },
  incremental: true,
  reporters: ['dots'],
  logLevel: 'warn',
  allowConsoleColors: false,
  // On a busy machine a slow test is no endless loop; Stryker finds most of these by counting their turns.
  timeoutMS: 600_000,
  timeoutFactor: 4,
  ignorePatterns: [
    'dist',
    'docs',
    'bench',
    'reports',
    'test/fuzz',
    'test/faults',
    'test/golden/exports',
  ],
  tsconfigFile: 'none.json',
};
