import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pictureFolder, temporaryFolder } from '../pipeline/pictures.ts';

/**
 * The command line itself, in a folder whose packages are this one's but for those of TensorFlow:
 * they are written here, and break as the real ones do.
 */
let home: string;
let data: string;

const PLAIN = JSON.stringify(createRequire(import.meta.url).resolve('@tensorflow/tfjs'));

/** Modules by what is the matter with them. */
const MODULES = {
  gpu: `module.exports = { ...require(${PLAIN}), backend: () => ({ isUsingGpuDevice: true }) };`,
  'no gpu': `module.exports = { ...require(${PLAIN}), backend: () => ({ isUsingGpuDevice: false }) };`,
  'node 23': `module.exports = { ...require(${PLAIN}), conv2d: () => { throw new TypeError('(0 , util_1.isNullOrUndefined) is not a function'); } };`,
  unbuilt: `throw new Error('The Node.js native addon module (tfjs_binding.node) can not be found at path: /x/tfjs_binding.node. ');`,
  'no cuda': `throw new Error('libcudart.so.11.0: cannot open shared object file: No such file or directory');`,
  plain: `module.exports = require(${PLAIN});`,
} as const;
type Matter = keyof typeof MODULES;

beforeAll(async () => {
  home = await temporaryFolder();
  data = await pictureFolder(3, join(home, 'pictures'));
  // The built files: `npm test` builds first.
  for (const name of ['bin', 'dist', 'presets', 'package.json']) {
    cpSync(resolve(name), join(home, name), { recursive: true });
  }
  mkdirSync(join(home, 'node_modules'));
  for (const name of readdirSync('node_modules').filter((name) => name !== '@tensorflow')) {
    symlinkSync(resolve('node_modules', name), join(home, 'node_modules', name));
  }
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function install(packages: Readonly<Record<'tfjs-node-gpu' | 'tfjs-node' | 'tfjs', Matter>>): void {
  for (const [name, matter] of Object.entries(packages)) {
    const folder = join(home, 'node_modules', '@tensorflow', name);
    mkdirSync(folder, { recursive: true });
    const described = { name: `@tensorflow/${name}`, version: '4.22.0', main: 'index.js' };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(described));
    writeFileSync(join(folder, 'index.js'), MODULES[matter]);
  }
}

function vggtune(...flags: string[]) {
  const { status, stdout, stderr } = spawnSync(
    'node',
    [join(home, 'bin', 'vggtune.js'), ...flags],
    {
      cwd: home,
      encoding: 'utf8',
      env: { ...process.env, VGGTUNE_CACHE: join(home, 'cache') },
    },
  );
  return { status, stdout, stderr };
}

function train(name: string, ...flags: string[]) {
  // The output layer alone: gradients of convolutions take TensorFlow.js long in plain JavaScript, and other tests
  // have them.
  const settings = ['--backbone', 'vgg-nano', '--strategy', 'head', '--head.fit', 'steps'];
  const short = ['--epochs', '1', '--size', '32', '--batch-size', '4', '--export', 'safetensors'];
  return vggtune('train', data, '--out', join(home, name), ...settings, ...short, ...flags);
}

describe('train --engine tensorflow --device gpu', () => {
  it.each([
    ['no gpu', /sees no GPU/, /nvidia-smi/],
    ['node 23', /does not support Node v\d+/, /use Node 20 or 22/],
    ['unbuilt', /native binding was not built/, /npm rebuild @tensorflow\/tfjs-node-gpu/],
    ['no cuda', /libcudart\.so\.11\.0 is missing/, /CUDA 11\.2 and cuDNN 8\.1/],
  ] as const)(
    'exits 5 with the reason and the cure, and never falls back: %s',
    (matter, ...words) => {
      install({ 'tfjs-node-gpu': matter, 'tfjs-node': 'no gpu', tfjs: 'plain' });
      const { status, stderr } = train('never', '--engine', 'tensorflow', '--device', 'gpu');
      for (const word of words) expect(stderr.replace(/\s+/g, ' ')).toMatch(word);
      expect(status).toBe(5);
      expect(readdirSync(home)).not.toContain('never');
    },
  );
});

describe('train', () => {
  it('trains on a GPU package that works, without being asked to', () => {
    install({ 'tfjs-node-gpu': 'gpu', 'tfjs-node': 'unbuilt', tfjs: 'unbuilt' });
    const { status, stderr } = train('auto');
    expect(stderr).toContain('engine: tensorflow on gpu');
    expect(status).toBe(0);
  });

  it('takes the next package where the first is broken, and says so', () => {
    install({ 'tfjs-node-gpu': 'unbuilt', 'tfjs-node': 'no gpu', tfjs: 'unbuilt' });
    const { status, stderr } = train('cpu', '--engine', 'tensorflow');
    expect(stderr).toContain('engine: tensorflow on cpu (@tensorflow/tfjs-node 4.22.0)');
    expect(stderr).toContain('not @tensorflow/tfjs-node-gpu: its native binding was not built');
    expect(status).toBe(0);
  });

  it('exits 5 for a device of ONNX Runtime that is not there', () => {
    const { status, stderr } = train('coreml', '--engine', 'onnx', '--device', 'coreml');
    expect(stderr).toContain('coreml');
    expect(status).toBe(process.platform === 'darwin' ? 0 : 5);
  });
});

describe('doctor', () => {
  it('names what is the matter with each package, and is content without TensorFlow', () => {
    install({ 'tfjs-node-gpu': 'no gpu', 'tfjs-node': 'node 23', tfjs: 'plain' });
    const { status, stdout } = vggtune('doctor', '--json');
    const { checks } = JSON.parse(stdout) as {
      checks: { name: string; state: string; detail: string; fix?: string }[];
    };
    const found = checks.filter(({ name }) => name === 'engine tensorflow');
    expect(found.map(({ state }) => state)).toEqual(['broken', 'broken', 'ok']);
    expect(found[0]?.detail).toMatch(/tfjs-node-gpu.*sees no GPU/);
    expect(found[1]?.detail).toMatch(/tfjs-node.*does not support Node/);
    expect(found[1]?.fix).toBe('use Node 20 or 22');
    expect(status).toBe(0);
  });
});
