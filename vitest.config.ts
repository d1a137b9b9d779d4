import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/**
 * Tests of signals, kills, limits of time and heartbeats: a busy neighbour could make one of them fail, so that they
 * run alone, after the others.
 */
const TIMED = [
  'test/cli/bin.slow.test.ts',
  'test/cli/hostile.slow.test.ts',
  'test/cli/wizard/*.slow.test.ts',
  'test/faults/*.slow.test.ts',
  'test/fuzz/*.slow.test.ts',
  'test/pipeline/run/killed.slow.test.ts',
  'test/run/*.slow.test.ts',
  'test/weights/*.slow.test.ts',
];
// The command line sets this; tests of single modules do not pass through it.
const env = { ORT_DISABLE_TELEMETRY: '1' };
const SLOW = { env, testTimeout: 300_000, hookTimeout: 300_000 };

// `fast` is what a developer runs at every change (about a minute on two cores); `slow` holds whole training runs
// and real processes, `timed` those of them whose processes are watched by the clock. `npm test` runs all three.
export default defineConfig({
  test: {
    // Vitest leaves one processor free, which is half of two.
    maxWorkers: availableParallelism(),
    reporters: ['default', './test/closing-line.ts'],
    coverage: { include: ['src/**/*.ts'], reporter: ['json-summary', 'text-summary'] },
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.slow.test.ts'],
          // A file takes the modules that another has loaded: loading them anew was a sixth of the time.
          isolate: false,
          env,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { ...SLOW, name: 'slow', include: ['test/**/*.slow.test.ts'], exclude: TIMED } },
      { test: { ...SLOW, name: 'timed', include: TIMED, fileParallelism: false } },
    ],
  },
});
