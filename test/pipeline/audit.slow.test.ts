import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { vggtune } from '../cli/bin.ts';
import { publishedSchema } from '../outputs/validate.ts';
import { pictureFolder, temporaryFolder } from './pictures.ts';

// These run what is built: `npm test` builds first.

let home = '';
beforeAll(async () => {
  home = await temporaryFolder();
  await pictureFolder(12, join(home, 'photos'));
  const at = (path: string) => join(home, 'photos', path);
  // A wrong label, a copy with another label, a file that is none, an image without anything.
  await rename(at('red/0.png'), at('blue/wrong.png'));
  await copyFile(at('green/1.png'), at('red/copy.png'));
  await writeFile(at('red/broken.png'), 'no image');
  const create = { width: 48, height: 48, channels: 3 as const, background: '#808080' };
  await sharp({ create }).png().toFile(at('green/blank.png'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const run = (...words: readonly string[]) =>
  vggtune(words, { cwd: home, environment: { VGGTUNE_CACHE: join(home, 'cache') } });

const AUDIT = ['audit', 'photos', '--backbone', 'vgg-nano', '--to', 'out'] as const;

interface Found {
  readonly suspects: readonly { readonly path: string; readonly likely: string }[];
  readonly copies: readonly { readonly labelsDiffer: boolean }[];
  readonly looks: readonly { readonly path: string; readonly look: string }[];
  readonly broken: readonly { readonly path: string }[];
}

it('finds what was planted, and writes a table and a page', async () => {
  const { code, stdout, stderr } = await run(...AUDIT, '--json');
  expect(code, stderr).toBe(0);
  const found = JSON.parse(stdout) as Found;
  expect(publishedSchema('audit')(found)).toEqual([]);
  expect(found.suspects).toContainEqual(
    expect.objectContaining({ path: 'blue/wrong.png', likely: 'red' }),
  );
  expect(found.copies.filter(({ labelsDiffer }) => labelsDiffer)).toHaveLength(1);
  expect(found.looks).toContainEqual(
    expect.objectContaining({ path: 'green/blank.png', look: 'blank' }),
  );
  expect(found.broken.map(({ path }) => path)).toEqual(['red/broken.png']);
  const page = await readFile(join(home, 'out/audit.html'), 'utf8');
  expect(page).toContain('data-path="blue/wrong.png"');
  expect(page).toContain('data:image/webp;base64,');
});

it('does not replace a file in which somebody may have decided', async () => {
  await mkdir(join(home, 'out'), { recursive: true });
  await writeFile(join(home, 'out/audit.csv'), 'mine');
  const refused = await run(...AUDIT);
  expect(refused.code, refused.stderr).toBe(2);
  expect(await readFile(join(home, 'out/audit.csv'), 'utf8')).toBe('mine');
});

it('tells it in one screen, and train follows the decisions', async () => {
  const told = await run(...AUDIT, '--overwrite');
  expect(told.code, told.stderr).toBe(0);
  expect(told.stdout.split('\n').length).toBeLessThan(24);
  // Nothing is decided in it yet.
  expect((await run(...AUDIT)).code).toBe(0);
  const path = join(home, 'out/audit.csv');
  const lines = (await readFile(path, 'utf8')).split('\n');
  const decided = lines.map((line) =>
    line.startsWith('blue/wrong.png,') ? line.replace(/,,([^,]*)$/, ',relabel,red') : line,
  );
  const at = decided.findIndex((line) => line.startsWith('red/copy.png,'));
  decided[at] = (decided[at] ?? '').replace(/,,([^,]*)$/, ',drop,');
  await writeFile(path, decided.join('\n'));
  expect((await run(...AUDIT)).code).toBe(2);
  expect(await readFile(path, 'utf8')).toBe(decided.join('\n'));
  const trained = await run(
    ...['train', 'photos', '--decisions', 'out/audit.csv', '--backbone', 'vgg-nano'],
    ...['--strategy', 'head', '--out', 'runs/one', '--export', 'safetensors'],
  );
  expect(trained.code, trained.stderr).toBe(0);
  const split = JSON.parse(await readFile(join(home, 'runs/one/split.json'), 'utf8')) as {
    readonly classes: readonly string[];
    readonly train: readonly { readonly path: string; readonly label: number }[];
    readonly val: readonly { readonly path: string; readonly label: number }[];
  };
  const images = [...split.train, ...split.val];
  const labelOf = (name: string) =>
    split.classes[images.find((image) => image.path === name)?.label ?? -1];
  expect(labelOf('blue/wrong.png')).toBe('red');
  expect(labelOf('red/copy.png')).toBeUndefined();
});
