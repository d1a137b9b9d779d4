import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { ConfigError } from '../../src/config/issues.ts';
import { loadConfigFile } from '../../src/config/load-file.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { mergeSources } from '../../src/config/setting-sources.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vggtune-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const issuesIn = (path: string) => loadConfigFile(path).flatMap((source) => source.issues ?? []);

it('reads YAML and JSON alike', async () => {
  const yaml = await file('a.yaml', 'data: images\noptimizer:\n  learningRate: 1e-3\n');
  const json = await file(
    'a.json',
    '{\n\t"data": "images",\n\t"optimizer": {"learningRate": 1e-3}}',
  );
  expect(loadConfigFile(yaml)[0]?.values).toEqual({
    data: join(folder, 'images'),
    optimizer: { learningRate: 1e-3 },
  });
  expect(loadConfigFile(json)[0]?.values).toEqual(loadConfigFile(yaml)[0]?.values);
});

it('names file and line of what is wrong', async () => {
  const path = await file(
    'wrong.yaml',
    'data: images\nepochs: 3\noptimizer:\n  kind: adagrad\n  lr: 1\n',
  );
  expect(() => resolveConfig(loadConfigFile(path), 'all')).toThrow(
    /wrong\.yaml:4: optimizer\.kind: not a possible value: expected one of sgd, adam, adamw, found "adagrad"/,
  );
  expect(() => resolveConfig(loadConfigFile(path), 'all')).toThrow(
    /wrong\.yaml:5: .*unknown key "lr"/,
  );
});

it('lays a file over what it extends, in order', async () => {
  await file('base.yaml', 'data: images\nepochs: 7\nbatchSize: 9\n');
  const path = await file('child.yaml', 'extends: [quick, ./base.yaml]\nbatchSize: 11\n');
  const sources = loadConfigFile(path);
  expect(sources.map((source) => source.origin)).toEqual([
    'preset quick',
    join(folder, 'base.yaml'),
    path,
  ]);
  const config = resolveConfig(sources, 'head');
  expect(config).toMatchObject({ backbone: 'vgg11', epochs: 7, batchSize: 11 });
  expect(config.data).toBe(join(folder, 'images'));
});

it('takes paths from the folder of the file that says them', async () => {
  await mkdir(join(folder, 'sub'), { recursive: true });
  const text =
    'data: ../photos\nout: runs/a\nweights: w.pth\nmatrix:\n  data: [a, /b]\n  weights: [auto, v.pth]\n';
  const path = await file('sub/paths.yaml', text);
  expect(loadConfigFile(path)[0]?.values).toEqual({
    data: join(folder, 'photos'),
    out: join(folder, 'sub/runs/a'),
    weights: join(folder, 'sub/w.pth'),
    matrix: { data: [join(folder, 'sub/a'), '/b'], weights: ['auto', join(folder, 'sub/v.pth')] },
  });
});

it('leaves words, the home folder, and what a run wrote down as they are', async () => {
  const words = await file('words.yaml', 'data: ~/photos\nweights: random\n');
  expect(loadConfigFile(words)[0]?.values).toEqual({ data: '~/photos', weights: 'random' });
  const stored = await file(
    'config.yaml',
    '# Every setting of this run; format version 1\ndata: photos\n',
  );
  expect(loadConfigFile(stored)[0]?.values).toEqual({ data: 'photos' });
});

it('refuses a circle of extends and names it', async () => {
  const a = await file('circle-a.yaml', 'extends: circle-b.yaml\n');
  await file('circle-b.yaml', 'extends: ./circle-a.yaml\n');
  expect(issuesIn(a).map((issue) => issue.message)).toEqual([
    expect.stringMatching(
      /extends itself: .*circle-a\.yaml -> .*circle-b\.yaml -> .*circle-a\.yaml/,
    ),
  ]);
  const self = await file('self.yaml', 'extends: self.yaml\n');
  expect(issuesIn(self)[0]?.message).toContain('extends itself');
});

it('extends the same base twice without calling it a circle', async () => {
  await file('root.yaml', 'epochs: 3\n');
  await file('left.yaml', 'extends: root.yaml\n');
  await file('right.yaml', 'extends: root.yaml\n');
  const path = await file('diamond.yaml', 'extends: [left.yaml, right.yaml]\n');
  expect(issuesIn(path)).toEqual([]);
});

it('suggests the preset that was meant', async () => {
  const path = await file('preset.yaml', 'extends: quik\n');
  expect(issuesIn(path)[0]).toMatchObject({
    message: 'no preset "quik"',
    fix: 'did you mean "quick"?',
  });
});

it.each([
  ['a syntax error', 'a: [1, 2\nb: 3\n', /not valid YAML/],
  ['a repeated key', 'epochs: 1\nepochs: 2\n', /not valid YAML/],
  ['two documents', 'a: 1\n---\nb: 2\n', /not valid YAML/],
  ['a list', '- a\n- b\n', /is no config/],
  ['text', 'hello', /is no config/],
  ['a number for extends', 'extends: 4\n', /cannot be extended/],
])('refuses %s', async (name, content, message) => {
  const path = await file(`${name.replaceAll(' ', '-')}.yaml`, content);
  expect(issuesIn(path)[0]?.message).toMatch(message);
});

it('takes an empty file as one without keys', async () => {
  const path = await file('empty.yaml', '');
  expect(loadConfigFile(path)).toMatchObject([{ values: {} }]);
  expect(issuesIn(path)).toEqual([]);
});

it('refuses what is missing, a folder, binary, or too large', async () => {
  expect(issuesIn(join(folder, 'missing.yaml'))[0]?.message).toBe('there is no such file');
  expect(issuesIn(folder)[0]?.message).toBe('is not a file');
  const binary = await file('image.yaml', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe]));
  expect(issuesIn(binary)[0]?.message).toBe('is not UTF-8 text');
  const large = await file('large.yaml', `a: ${'x'.repeat(64 * 1024)}`);
  expect(issuesIn(large)[0]?.message).toContain('too large');
});

it('refuses the billion laughs, which would fill the memory if they were written out', async () => {
  const rows = ['a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]'];
  for (let i = 1; i <= 9; i++) {
    rows.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ')}]`);
  }
  const path = await file('laughs.yaml', rows.join('\n'));
  expect(issuesIn(path)[0]?.message).toMatch(/alias/i);
});

it.each([
  ['keys', '{', (at: number) => `k${at},`],
  ['keys of a block', '', (at: number) => `k${at}: 1\n`],
  ['values of a list', 'a: [', () => '1,'],
  ['closing brackets', '', () => '}'],
  ['tags', '', () => '! '],
  ['anchors', '', (at: number) => `&a${at} `],
])(
  'refuses %s without number before they are compared with each other',
  async (name, start, part) => {
    const parts = Array.from({ length: 6000 }, (_, at) => part(at));
    const path = await file(`${name.replaceAll(' ', '-')}.yaml`, start + parts.join(''));
    const began = performance.now();
    expect(issuesIn(path)[0]?.message).toMatch(/too large for a config \(\d+ keys and values\)/);
    expect(performance.now() - began).toBeLessThan(2000);
  },
);

it('says no more than some of what is wrong', async () => {
  const keys = Array.from({ length: 3000 }, (_, at) => `k${at}: 1`);
  const path = await file('unknown.yaml', keys.join('\n'));
  try {
    resolveConfig(loadConfigFile(path), 'head');
    expect.unreachable();
  } catch (error) {
    expect((error as ConfigError).lines).toHaveLength(52);
    expect((error as ConfigError).lines.at(-1)).toMatch(/^and 29\d\d more$/);
  }
});

it('reads each file once, however often it is extended', async () => {
  const last = 40;
  for (let at = 0; at < last; at++) {
    const next = `many-${at + 1}.yaml`;
    await file(`many-${at}.yaml`, `extends: [${next}, ./${next}]\nseed: ${at}\n`);
  }
  await file(`many-${last}.yaml`, 'epochs: 3\n');
  const top = join(folder, `many-${last - 19}.yaml`);
  const sources = loadConfigFile(top);
  expect(sources.map(({ origin }) => origin)).toEqual(
    Array.from({ length: 20 }, (_, at) => join(folder, `many-${last - at}.yaml`)),
  );
  // One more above is too deep, and is said to be so.
  const issues = issuesIn(join(folder, `many-${last - 20}.yaml`));
  expect(new Set(issues.map(({ message }) => message))).toEqual(
    new Set(['extends too many files']),
  );
});

it('refuses more files than anybody extends', async () => {
  const names = Array.from({ length: 120 }, (_, at) => `wide-${at}.yaml`);
  for (const name of names) await file(name, 'epochs: 3\n');
  const path = await file('wide.yaml', `extends: [${names.join(', ')}]\n`);
  expect(loadConfigFile(path)).toHaveLength(121);
  expect(issuesIn(path).map(({ message }) => message)).toEqual(
    Array.from({ length: 20 }, () => 'extends too many files'),
  );
});

it('a base that is extended again after another wins over it', async () => {
  await file('low.yaml', 'epochs: 3\nseed: 1\n');
  await file('over.yaml', 'extends: low.yaml\nepochs: 4\n');
  const path = await file('again.yaml', 'extends: [over.yaml, low.yaml]\n');
  const { values } = mergeSources(loadConfigFile(path));
  expect(values).toEqual({ epochs: 3, seed: 1 });
});

it('extends nothing that is no config by its name: what is wrong with it would be shown', async () => {
  const secret = await file('shadow', 'root: s3cret\n');
  await symlink(secret, join(folder, 'linked.yaml'));
  for (const name of ['./shadow', secret, 'linked.yaml', '/etc/passwd']) {
    const path = await file('curious.yaml', `extends: ${name}\n`);
    const issues = issuesIn(path);
    expect(issues.map(({ message }) => message)).toEqual(['cannot be extended']);
    expect(JSON.stringify(issues)).not.toMatch(/root:|s3cret/);
  }
});

it('refuses brackets without end instead of crashing', async () => {
  const path = await file('deep.yaml', `a: ${'['.repeat(200_000)}`);
  expect(issuesIn(path)).toHaveLength(1);
});

it('prints nothing of a file by itself, where keys are no texts', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const path = await file('keys.yaml', '? [a, "\\e[2J"]\n: 1\n? {b: 2}\n: 3\n');
  loadConfigFile(path);
  expect(warn).not.toHaveBeenCalled();
  warn.mockRestore();
});

it.each(['[', '{a: '])('refuses thousands of %s within each other at once', async (bracket) => {
  const path = await file('deep.yaml', `epochs: ${bracket.repeat(2000)}`);
  expect(issuesIn(path)[0]?.message).toBe('is too large for a config (brackets more than 50 deep)');
});
