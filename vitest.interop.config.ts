import { defineConfig } from 'vitest/config';

// What other software says about our files: real Keras, torchvision and Chromium. They are no part
// of `npm test`; `.ci/run` installs them and runs this.
export default defineConfig({
  test: {
    include: ['test/interop/**/*.interop.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
    env: { ORT_DISABLE_TELEMETRY: '1' },
  },
});
