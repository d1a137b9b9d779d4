import { defineConfig } from 'vitest/config';

// What Stryker runs for every mutant: `main.js` says which files, and the sandbox is the current folder.
export default defineConfig({
  test: {
    include: (process.env.VGGTUNE_MUTATION_TESTS ?? '').split(','),
    exclude: ['test/**/*.slow.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
