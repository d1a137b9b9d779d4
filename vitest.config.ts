import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// Two projects: `fast` is what a developer runs at every change (about a minute on two cores);
// `slow` holds whole training runs and real processes. `npm test` runs both.
export default defineConfig({
  test: {
    // Vitest leaves one processor free, which is half of two.
    maxWorkers: availableParallelism(),
    reporters: ['default', './test/closing-line.ts'],
    projects: [
      {
        test: {
          name: 'fast',
          // A file takes the modules that another has loaded: loading them anew was a sixth of the time.
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.slow.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'slow',
          include: ['test/**/*.slow.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
