import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readDecisions } from '../../src/dataset/decisions.ts';
import { audit, report, type Settings, train, VggtuneError } from '../../src/library/index.ts';
import { pictureFolder } from '../pipeline/pictures.ts';

let home: string;
let settings: Settings;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-library-'));
  const data = await pictureFolder(10, join(home, 'pictures'));
  await rename(join(data, 'red', '1.png'), join(data, 'blue', 'wrong.png'));
  settings = { data, backbone: 'vgg-nano', export: ['safetensors'] };
});
afterAll(() => rm(home, { recursive: true, force: true }));

const options = () => ({ cache: join(home, 'cache'), offline: true });

it('audits images: the findings are returned, and written where it was asked for', async () => {
  const events: string[] = [];
  const to = join(home, 'audited');
  const found = await audit(settings, {
    ...options(),
    to,
    onEvent: (event) => events.push(event.type),
  });
  expect(found.suspects[0]).toMatchObject({ path: 'blue/wrong.png', likely: 'red' });
  expect([found.csv, found.page]).toEqual([join(to, 'audit.csv'), join(to, 'audit.html')]);
  expect(await readDecisions(found.csv)).toEqual([]);
  expect(events).toContain('file');
});

it('writes the page of a run where it was asked for, and into the run folder otherwise', async () => {
  const out = join(home, 'run');
  await train({ ...settings, strategy: 'head', out }, options());
  await rm(join(out, 'report.html'));
  const { cache } = options();
  const { report: page, missing } = await report([out], { cache });
  expect({ page, missing }).toEqual({ page: join(out, 'report.html'), missing: [] });
  const elsewhere = join(home, 'page.html');
  expect((await report([out], { cache, out: elsewhere })).report).toBe(elsewhere);
  expect(await readFile(elsewhere, 'utf8')).toMatch(/^<!doctype html>/);
});

it('a report of what is no run is an error of the user', async () => {
  const failed = report([home], options());
  await expect(failed).rejects.toBeInstanceOf(VggtuneError);
  await expect(failed).rejects.toMatchObject({ kind: 'usage' });
});
