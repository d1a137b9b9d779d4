/**
 * The folders of `src` whose tests are tried, and which tests: those of `npm run test:fast` that are about the
 * folder and quick, since a part of them is run for every mutant.
 */
export const FOLDERS = {
  run: ['test/run/*.test.ts'],
  training: ['test/training/*.test.ts'],
  config: ['test/config/*.test.ts'],
  advisor: ['test/advisor/*.test.ts'],
  dataset: ['test/dataset/*.test.ts'],
  pipeline: ['test/pipeline/**/*.test.ts'],
};

/** Tests that take long for what they are about: others notice the same, or they are about the engine. */
export const LONG = ['test/training/loop.test.ts', 'test/pipeline/run/scale.test.ts'];
