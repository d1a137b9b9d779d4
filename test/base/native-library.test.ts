import { describe, expect, it } from 'vitest';
import { explainNative } from '../../src/base/native-library.ts';
import { troubleOf } from '../../src/pipeline/inspect/doctor.ts';

const coded = (message: string, code: string, more: object = {}) =>
  Object.assign(new Error(message), { code, ...more });

const intelMac = coded(
  "Cannot find module '../bin/napi-v6/darwin/x64/onnxruntime_binding.node'\nRequire stack:",
  'MODULE_NOT_FOUND',
  { requireStack: ['/app/node_modules/onnxruntime-node/dist/binding.js'] },
);
const alpine = coded(
  'Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by /app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1)',
  'ERR_DLOPEN_FAILED',
);

describe('a machine for which there is no library', () => {
  it.each([
    ['an Intel Mac', intelMac, { platform: 'darwin', arch: 'x64', musl: false }, /@1\.23\.2$/],
    ['Alpine', alpine, { platform: 'linux', arch: 'x64', musl: true }, /Debian/],
    ['another', intelMac, { platform: 'freebsd', arch: 'x64', musl: false }, /Linux and Windows/],
  ] as const)('%s: says what to do, and exits 5', (_, error, machine, fix) => {
    expect(explainNative(error, machine)).toMatchObject({
      kind: 'unavailable',
      exitCode: 5,
      details: { fix: expect.stringMatching(fix), expected: expect.stringContaining('x64') },
    });
  });

  it('for images', () => {
    const error = new Error('Could not load the "sharp" module using the linuxmusl-x64 runtime');
    expect(explainNative(error)).toMatchObject({ exitCode: 5, details: { where: 'sharp' } });
  });

  it('is told so by the doctor', () => {
    expect(troubleOf(intelMac)).toMatchObject({
      detail: expect.stringContaining('onnxruntime_binding.node'),
      fix: expect.not.stringMatching(/^install again with `npm ci`$/),
    });
    expect(troubleOf(new Error('odd')).fix).toBe('install again with `npm ci`');
  });
});

it.each([
  new TypeError('session is undefined in onnxruntime'),
  coded("Cannot find module './missing.js'", 'ERR_MODULE_NOT_FOUND'),
])('a bug stays a bug: %s', (error) => {
  expect(explainNative(error)).toBe(error);
});
