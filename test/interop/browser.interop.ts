import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Settings } from '../../src/config/settings.ts';
import { exportRun } from '../../src/pipeline/export/export-run.ts';
import { type Guess, predict } from '../../src/pipeline/predict.ts';
import { train } from '../../src/pipeline/train.ts';
import { pictureFolder } from '../pipeline/pictures.ts';
import { testStorage } from '../storage.ts';
import { openBrowser, type Server, serve } from './browser.ts';

const quiet = { signal: new AbortController().signal, emit: () => {} };
const fixture = (name: string) => join(import.meta.dirname, '../fixtures/images', name);

let home: string;
let run: string;
let web: string;
let browser: Browser;
let server: Server;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-browser-'));
  run = join(home, 'run');
  web = join(home, 'web');
  const values = {
    ...{ data: await pictureFolder(12, join(home, 'pictures')), out: run },
    ...{ backbone: 'vgg-nano', weights: 'random', strategy: 'scratch', epochs: 6, batchSize: 8 },
    ...{ optimizer: { kind: 'adamw', learningRate: 0.003 }, cache: false },
  } as const;
  await train({
    settings: Settings.of({ origin: 'test', values }),
    storage: testStorage(),
    ...quiet,
  });
  await exportRun({ run, formats: ['web'], out: web, ...quiet });
  server = await serve(web);
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  await rm(home, { recursive: true, force: true });
});

async function openPage(backend: string): Promise<{ page: Page; outside: string[] }> {
  const page = await browser.newPage();
  const outside: string[] = [];
  page.on('request', (request) => {
    const isOwn = /^(blob|data):/.test(request.url()) || request.url().startsWith(server.address);
    if (!isOwn) outside.push(request.url());
  });
  page.on('pageerror', (error) => outside.push(error.message));
  await page.goto(`${server.address}?backend=${backend}`);
  await page.waitForSelector('body[data-state="ready"]', { timeout: 60_000 });
  return { page, outside };
}

/** The page's probabilities by label. */
async function classify(page: Page, path: string): Promise<Map<string, number>> {
  await page.evaluate('document.body.dataset.state = "waiting"');
  await page.setInputFiles('#file', path);
  await page.waitForSelector('body[data-state="answered"]');
  const { labels, probabilities } = await page.evaluate<{
    labels: string[];
    probabilities: number[];
  }>('window.vggtune');
  return new Map(labels.map((label, i) => [label, probabilities[i] ?? Number.NaN]));
}

/** Pictures that browsers could read in another way: profile, orientation, transparency, large. */
async function pictures(): Promise<string[]> {
  const made = (name: string) => join(home, name);
  const cat = () => sharp(fixture('chelsea.png'));
  await cat().resize(3600).jpeg({ quality: 92 }).toFile(made('large.jpg'));
  await cat().withMetadata({ orientation: 6 }).jpeg().toFile(made('turned.jpg'));
  await cat().ensureAlpha(0.5).png().toFile(made('half-transparent.png'));
  await cat().resize(40, 55, { fit: 'fill' }).webp({ lossless: true }).toFile(made('small.webp'));
  const names = ['large.jpg', 'turned.jpg', 'half-transparent.png', 'small.webp'];
  const own = ['red', 'green', 'blue'].map((colour) => join(home, 'pictures', colour, '3.png'));
  return [fixture('chelsea.png'), fixture('rocket.jpg'), ...names.map(made), ...own];
}

describe.each(['wasm', 'cpu'])('the page in Chromium, %s', (backend) => {
  it('answers as predict does, and asks nobody else', async () => {
    const paths = await pictures();
    const expected = await predict({ run, inputs: paths, topK: 3, ...quiet });
    const { page, outside } = await openPage(backend);
    for (const [i, path] of paths.entries()) {
      const found = await classify(page, path);
      const entry = expected[i];
      const guesses: readonly Guess[] =
        entry !== undefined && 'guesses' in entry ? entry.guesses : [];
      expect(guesses).toHaveLength(3);
      for (const { label, probability } of guesses) {
        expect(Math.abs((found.get(label) ?? Number.NaN) - probability), path).toBeLessThan(0.01);
      }
      expect(await page.textContent('#classes li:first-child .name')).toBe(guesses[0]?.label);
    }
    expect(await page.textContent('#backend')).toBe(backend);
    expect(outside).toEqual([]);
    await page.close();
  });
});

it('says so when a file is no picture, and goes on', async () => {
  const { page } = await openPage('wasm');
  await page.setInputFiles('#file', { name: 'a.png', mimeType: 'image/png', buffer: Buffer.of(1) });
  await page.waitForFunction('document.body.innerText.includes("no picture")');
  await classify(page, fixture('chelsea.png'));
  await page.close();
});
