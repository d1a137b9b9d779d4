import { existsSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/**
 * Tests on the device `webgpu`. Without a graphics card they run on SwiftShader, a Vulkan device in software that
 * Debian's `chromium` carries. The loader of libraries reads its path when a process starts, so that both variables
 * are set here, before there are workers. Whoever sets VGGTUNE_TEST_WEBGPU=1 runs them on the machine's own card.
 */
const SWIFTSHADER = '/usr/lib/chromium';
const ICD = `${SWIFTSHADER}/vk_swiftshader_icd.json`;

const ownCard = process.env.VGGTUNE_TEST_WEBGPU === '1';
const isThere = ownCard || existsSync(ICD);
if (!ownCard && isThere) {
  process.env.LD_LIBRARY_PATH = SWIFTSHADER;
  process.env.VK_ICD_FILENAMES = ICD;
}
if (!isThere) {
  console.warn(`webgpu: skipped, since there is no ${ICD} (Debian: apt-get install chromium)`);
}

export default defineConfig({
  test: {
    include: ['test/webgpu/**/*.webgpu.ts'],
    exclude: isThere ? [] : ['**'],
    passWithNoTests: true,
    env: { ORT_DISABLE_TELEMETRY: '1' },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // A driver in software takes all cores.
    fileParallelism: false,
  },
});
