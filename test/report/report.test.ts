import { link, mkdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import domino from '@mixmark-io/domino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/base/events.ts';
import { sha256 } from '../../src/base/hash.ts';
import { percent } from '../../src/base/number-formats.ts';
import { report, reportOfRun } from '../../src/pipeline/report.ts';
import { readReportedRun } from '../../src/report/read-run.ts';
import { writeReport } from '../../src/report/write-report.ts';
import type { LabelledHash } from '../../src/run/record.ts';
import { readMetrics } from '../../src/run/run-records.ts';
import { runPaths } from '../../src/run/store.ts';
import { temporaryFolder } from '../pipeline/pictures.ts';
import { testStorage } from '../storage.ts';
import { noisePicture, writeEvents, writeRun } from './run-folder.ts';

let home: string;
beforeAll(async () => {
  home = await temporaryFolder();
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** What is asked of an element. */
interface Element {
  readonly tagName: string;
  readonly id: string;
  readonly textContent: string;
  readonly attributes: ArrayLike<{ readonly name: string }>;
  getAttribute(name: string): string | null;
}

interface Page {
  readonly body: Element;
  querySelectorAll(selector: string): ArrayLike<Element>;
}

const found = (page: Page, selector: string) => Array.from(page.querySelectorAll(selector));
const textOf = (page: Page, selector: string) => found(page, selector)[0]?.textContent ?? '';

/** The page about some runs, as text and as a document. */
async function pageOf(...runs: string[]) {
  const { signal } = new AbortController();
  const out = join(home, `${runs.length}-${sha256(runs.join()).slice(0, 8)}.html`);
  const made = await report({ runs, out, storage: testStorage(), emit: () => {}, signal });
  const text = await readFile(made.report, 'utf8');
  const document = domino.createDocument(text) as Page;
  return { text, document, missing: made.missing, ...(await stat(made.report)) };
}

async function images(folder: string, names: readonly string[], classes: number) {
  const listed: LabelledHash[] = [];
  for (const [at, path] of names.entries()) {
    await noisePicture(join(folder, path), path);
    const hash = sha256(await readFile(join(folder, path)));
    listed.push({ path, hash, label: at % classes });
  }
  return listed;
}

const HOSTILE = `x"><img src=x onerror=alert(1)>'<script>alert(2)<`;

describe('a report of a run', () => {
  it('shows the figures of metrics.json, and each image that it names', async () => {
    const data = join(home, 'plain');
    const listed = await images(data, ['a/1.jpg', 'b/2.jpg', 'a/3.jpg', 'b/4.jpg'], 2);
    const folder = join(home, 'plain-run');
    const nearDuplicates = [listed.slice(0, 2).map(({ hash }) => hash)];
    await writeRun(folder, { classes: ['a', 'b'], images: listed, data, nearDuplicates });
    const { text, document } = await pageOf(folder);
    const record = await readMetrics(runPaths(folder));
    const cards = textOf(document, '.cards').replaceAll('\u00a0', ' ');
    expect(cards).toContain(percent(record?.metrics.accuracy ?? Number.NaN));
    expect(cards).toContain(percent(record?.metrics.macro_f1 ?? Number.NaN));
    expect(cards).toContain(record?.metrics.loss?.toFixed(3));
    const cells = found(document, '.matrix tbody td').map((td) => td.textContent);
    expect(cells.map(Number)).toEqual(record?.confusion.flat());
    expect(text).toContain('labels differ: a, b');
    for (const { path } of listed) {
      expect(found(document, '[data-image]').map((e) => e.getAttribute('data-image'))).toContain(
        path,
      );
    }
  });

  it('shows heat maps beside the worst images, and nowhere else', async () => {
    const data = join(home, 'heated');
    const listed = await images(data, ['a/1.jpg', 'b/2.jpg', 'a/3.jpg', 'b/4.jpg'], 2);
    const folder = join(home, 'heated-run');
    const nearDuplicates = [listed.map(({ hash }) => hash)];
    await writeRun(folder, { classes: ['a', 'b'], images: listed, data, nearDuplicates });
    const maps = new Map(listed.map(({ path }) => [path, Buffer.from('a map')]));
    const run = await readReportedRun(folder);
    const target = join(home, 'heated.html');
    const cache = testStorage().folder;
    await writeReport({ runs: [run], target, cache, heatMaps: new Map([[run.folder, maps]]) });
    const page = domino.createDocument(await readFile(target, 'utf8')) as Page;
    const heat = '.pictures img[alt^="where"]';
    expect(found(page, heat).length).toBeGreaterThan(0);
    expect(found(page, `#r1-duplicates ${heat}`)).toEqual([]);
    expect(found(page, '#r1-duplicates .pictures img')).toHaveLength(4);
  });

  it('takes names of files, classes and folders for texts', async () => {
    const data = join(home, 'hostile <b>');
    const listed = await images(data, [HOSTILE, '</script>.jpg', '=1+1.jpg'], 2);
    const folder = join(home, 'run <i>"&');
    const paths = await writeRun(folder, { classes: [HOSTILE, '</title>'], images: listed, data });
    const reason = '<svg onload=alert(3)>';
    const skipped = { type: 'image-skipped', path: `${HOSTILE}2`, reason };
    await writeEvents(paths, [skipped, { type: 'warning', code: 'x', message: reason }]);
    const { document } = await pageOf(folder);
    const all = found(document, '*');
    const tags = new Set(all.map((element) => element.tagName.toLowerCase()));
    expect([...tags].filter((tag) => ['b', 'i'].includes(tag))).toEqual(['b']);
    expect(document.querySelectorAll('script')).toHaveLength(2);
    const attributes = all.flatMap((element) => Array.from(element.attributes));
    expect(attributes.filter(({ name }) => name.startsWith('on'))).toEqual([]);
    const sources = found(document, 'img').map((image) => image.getAttribute('src'));
    expect(sources.filter((source) => !source?.startsWith('data:image/webp;base64,'))).toEqual([]);
    expect(textOf(document, 'title')).toContain('run <i>"&');
    expect(document.body.textContent).toContain(reason);
    const json = JSON.parse(textOf(document, '#cells'));
    expect(JSON.stringify(json)).toContain('onerror');
    const policies = found(document, 'meta[http-equiv]').map((meta) =>
      meta.getAttribute('content'),
    );
    expect(policies).toEqual([expect.stringContaining("default-src 'none'")]);
  });

  it('says which images have vanished or changed, and shows no other file in their place', async () => {
    const data = join(home, 'gone');
    const listed = await images(data, ['1.jpg', '2.jpg', '3.jpg'], 1);
    await unlink(join(data, '1.jpg'));
    await noisePicture(join(data, '2.jpg'), 'another');
    await noisePicture(join(home, 'private.jpg'), 'private');
    const outside = { path: '../private.jpg', hash: listed[0]?.hash ?? '', label: 0 };
    const folder = join(home, 'gone-run');
    await writeRun(folder, { classes: ['a'], images: [...listed, outside], data });
    const { document } = await pageOf(folder);
    const text = document.body.textContent;
    expect(text).toContain('no longer there');
    const absent = found(document, '.absent').map((e) => e.textContent);
    expect(absent.filter((reason) => reason === 'changed since')).toHaveLength(2);
    expect(found(document, 'img[data-image]').map((e) => e.getAttribute('data-image'))).toEqual([
      '3.jpg',
    ]);
  });

  it('shows the mix-ups of 500 classes, and stays small', async () => {
    const classes = Array.from({ length: 500 }, (_, i) => `class ${i}`);
    const listed = Array.from({ length: 2000 }, (_, i) => ({
      ...{ path: `${i}.jpg`, hash: `${i}`, label: i % 500 },
    }));
    const folder = join(home, 'many-run');
    await writeRun(folder, { classes, images: listed, data: join(home, 'nowhere') });
    const { document, size } = await pageOf(folder);
    expect(document.querySelectorAll('.matrix')).toHaveLength(0);
    expect(document.body.textContent).toContain('The most frequent mix-ups of 500 classes');
    expect(size).toBeLessThan(1_500_000);
  });

  it('has at most 5 MB for 10,000 images, even of noise', async () => {
    const data = join(home, 'large');
    const [first] = await images(data, ['0.jpg'], 1);
    const listed = Array.from({ length: 10_000 }, (_, i) => ({
      ...{ path: `${i}.jpg`, hash: first?.hash ?? '', label: i % 10 },
    }));
    await Promise.all(
      listed.slice(1).map(({ path }) => link(join(data, '0.jpg'), join(data, path))),
    );
    const folder = join(home, 'large-run');
    const classes = Array.from({ length: 10 }, (_, i) => `class ${i}`);
    await writeRun(folder, { classes, images: listed, data });
    const { size, document } = await pageOf(folder);
    expect(size).toBeLessThan(5_000_000);
    expect(document.querySelectorAll('img').length).toBeGreaterThan(20);
  });
});

describe('a report of what there is', () => {
  it('of a run that was killed in its training', async () => {
    const folder = join(home, 'killed');
    const paths = await writeRun(folder, { classes: ['a'], images: [], data: home });
    for (const path of [paths.metrics, paths.predictions]) await unlink(path);
    const epoch = { type: 'epoch', phase: 'main', loss: 1, accuracy: 0.5, validation: { loss: 2 } };
    await writeEvents(paths, [
      { type: 'stage', stage: 'train', message: 'training (all)' },
      { ...epoch, epoch: 1 },
      { ...epoch, epoch: 2 },
    ]);
    await writeFile(paths.events, '{"time":"2026-01-01T00:00:09Z","type":"ep', { flag: 'a' });
    const { document, missing } = await pageOf(folder);
    expect(document.body.textContent).toContain('This run has not ended');
    expect(document.querySelectorAll('#r1-curves svg').length).toBeGreaterThan(0);
    expect(missing).toEqual([
      expect.stringContaining('metrics.json'),
      expect.stringContaining('predictions.csv'),
    ]);
  });

  it('of records that are damaged', async () => {
    const folder = join(home, 'damaged');
    const paths = await writeRun(folder, { classes: ['a'], images: [], data: home });
    for (const path of [paths.metrics, paths.split, paths.predictions, paths.plan]) {
      await writeFile(path, 'no <record>');
    }
    const { missing } = await pageOf(folder);
    expect(missing).toHaveLength(4);
  });

  it('is refused for a folder that is no run, with the command that makes one', async () => {
    const folder = join(home, 'empty');
    await mkdir(folder);
    await expect(pageOf(folder)).rejects.toMatchObject({
      kind: 'usage',
      details: { fix: expect.stringContaining('vggtune train') },
    });
  });

  it('replaces an earlier report, and no file of somebody else', async () => {
    const folder = join(home, 'again');
    const paths = await writeRun(folder, { classes: ['a'], images: [], data: home });
    const { signal } = new AbortController();
    const request = { runs: [folder], storage: testStorage(), emit: () => {}, signal };
    await report(request);
    await report(request);
    await writeFile(paths.report, '<title>my own</title>');
    await expect(report(request)).rejects.toMatchObject({
      kind: 'usage',
      details: { where: paths.report, fix: expect.stringContaining('--out') },
    });
    expect(await readFile(paths.report, 'utf8')).toBe('<title>my own</title>');
  });

  it('costs no run that has just ended, if it cannot be written', async () => {
    const folder = join(home, 'full');
    const paths = await writeRun(folder, { classes: ['a'], images: [], data: home });
    await mkdir(join(paths.report, 'in the way'), { recursive: true });
    const events: RunEvent[] = [];
    const { signal } = new AbortController();
    const emit = (event: RunEvent) => events.push(event);
    await reportOfRun(folder, { storage: testStorage(), signal, emit }, 1);
    expect(events).toEqual([expect.objectContaining({ type: 'warning', code: 'no-report' })]);
  });

  it('of several runs beside each other, with a warning where they measured other images', async () => {
    const image = { hash: 'h', label: 0 };
    const folders = ['first', 'second', 'third'].map((name) => join(home, 'several', name));
    for (const [at, folder] of folders.entries()) {
      const path = at === 2 ? 'other.jpg' : 'same.jpg';
      await writeRun(folder, { classes: ['a'], images: [{ ...image, path }], data: home });
    }
    const note = 'not all measured on the same images';
    const same = await pageOf(...folders.slice(0, 2));
    expect(same.document.querySelectorAll('#comparison thead th')).toHaveLength(2);
    expect(same.text).not.toContain(note);
    expect((await pageOf(...folders)).text).toContain(note);
    const ids = found(same.document, '[id]').map((element) => element.id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
