import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/command-list.ts';
import { pictureFolder } from '../pipeline/pictures.ts';
import { BIN, vggtune } from './bin.ts';
import { shownOn } from './wizard/screen.ts';

// What is built, in real terminals of several widths.

let home = '';
let cache = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-screens-'));
  cache = join(home, 'cache');
  await pictureFolder(12, join(home, 'pictures'));
  const words =
    'train pictures --backbone vgg-nano --strategy scratch --epochs 1 --augment.views 1 --out runs/one';
  const environment = { VGGTUNE_CACHE: cache };
  const { code, stderr } = await vggtune(words.split(' '), { cwd: home, environment });
  expect(code, stderr).toBe(0);
});
afterAll(() => rm(home, { recursive: true, force: true }));

interface Shown {
  readonly columns: number;
  readonly env?: Readonly<Record<string, string>>;
}

function shown(line: string, { columns, env = {} }: Shown) {
  const all = { NO_COLOR: '1', VGGTUNE_CACHE: cache, ...env };
  return shownOn(line.split(' '), { cwd: home, env: all, columns });
}

/** Names of flags, and commands to copy, stay whole; so does a word that is longer than the screen. */
const mayBeBroken = (line: string) => /^ {2}\S|^Usage|^ *\S+$/.test(line);

const WIDTHS = [40, 80, 200] as const;

describe.each(WIDTHS)('at %d columns', (columns) => {
  it.each(['', ...COMMANDS.map(({ name }) => `${name} `)])('%s--help fits', async (name) => {
    const { code, broken } = await shown(`${name}--help`, { columns });
    expect(code).toBe(0);
    expect(broken.filter((line) => !mayBeBroken(line))).toEqual([]);
  });

  it.each([
    'describe vgg16 --compare --receptive-field',
    'describe runs/one',
    'explain receptive-field vgg16',
    'explain kernels vgg16_bn',
    'explain dense vgg16',
    'explain strategies',
    'describe runs/one/model/model.safetensors --tensors',
    'weights list',
    'cache list',
    'config pictures --explain',
    'evaluate runs/one',
    'evaluate runs/one --worst 3',
    'predict runs/one pictures',
    'predict runs/one pictures --top 3',
    'plan pictures --backbone vgg-nano --strategy scratch',
    'export runs/one -f safetensors --overwrite',
    'train nowhere',
    'completion tcsh',
  ])('%s fits', async (line) => {
    const { broken } = await shown(line, { columns });
    expect(broken.filter((each) => !/^ *\S+$/.test(each))).toEqual([]);
  });
});

it('wide screens show whole tables, and narrow ones leave nothing out', async () => {
  const [narrow, usual] = await Promise.all([
    shown('describe vgg16', { columns: 40 }),
    shown('describe vgg16', { columns: 80 }),
  ]);
  expect(usual.lines.join('\n')).toMatch(/conv1_1 +64 x 224 x 224 +1,792 +86,704,128/);
  expect(narrow.lines.join(' ').replace(/\s+/g, ' ')).toContain(
    'conv1_1 output 64 x 224 x 224, parameters 1,792, multiply-adds 86,704,128',
  );
});

describe('a terminal that can do less', () => {
  it.each([
    ['without Unicode', { LC_ALL: 'C' }],
    ['of the last century', { TERM: 'dumb' }],
  ])('%s gets plain ASCII, and no control sequences where it is dumb', async (_, env) => {
    const { code, lines } = await shown('evaluate runs/one', { columns: 80, env });
    expect(code).toBe(0);
    if ('LC_ALL' in env) expect(lines.join('\n')).toMatch(/^[\n -~]*$/);
    expect(lines.join('\n')).toContain('accuracy');
  });

  it('is not asked where TERM is dumb, nor with --no-input', async () => {
    const dumb = await shown('--quiet=false', { columns: 80, env: { TERM: 'dumb' } });
    const silent = await shown('--no-input', { columns: 80 });
    for (const { code, lines } of [dumb, silent]) {
      expect(code).toBe(0);
      expect(lines.join('\n')).toContain('Usage: vggtune COMMAND');
    }
  });
});

describe('stdout', () => {
  it.each(['config pictures', 'predict runs/one pictures --csv', 'evaluate runs/one --json'])(
    'that nobody reads to its end is no error: %s | head -1',
    (line) => {
      const script = `"${process.execPath}" "${BIN}" ${line} --quiet | head -1; echo "\${PIPESTATUS[0]}"`;
      const env = { ...process.env, VGGTUNE_CACHE: cache };
      const ended = spawnSync('bash', ['-c', script], { cwd: home, env, encoding: 'utf8' });
      expect(ended.stdout).toMatch(/^.+\n0\n$/);
      expect(ended.stderr).toBe('');
    },
  );

  it.each(['report runs/one --out -', 'explain dense --page -'])(
    'takes the page of %s, and no file is left',
    async (line) => {
      const words = line.split(' ');
      const environment = { VGGTUNE_CACHE: cache };
      const page = await vggtune(words, { cwd: home, environment });
      expect(page.code, page.stderr).toBe(0);
      expect(page.stdout).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
      expect(page.stderr).not.toContain('.html');
      const both = await vggtune([...words, '--json'], { cwd: home, environment });
      expect(both.code).toBe(2);
    },
  );
});
