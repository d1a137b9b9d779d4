import { link, mkdtemp, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/base/hash.ts';
import { Settings } from '../../src/config/settings.ts';
import { report } from '../../src/pipeline/report.ts';
import { train } from '../../src/pipeline/train.ts';
import { pictureFolder } from '../pipeline/pictures.ts';
import { noisePicture, writeRun } from '../report/run-folder.ts';
import { testStorage } from '../storage.ts';
import { openBrowser } from './browser.ts';

const quiet = { signal: new AbortController().signal, emit: () => {} };
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const SIZES = [400, 900, 1600] as const;

let home: string;
let run: string;
let pages: readonly string[];
let browser: Browser;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-report-'));
  const data = await pictureFolder(12, join(home, 'pictures'));
  // A label that is wrong, so that there is something to see.
  await rename(join(data, 'red', '1.png'), join(data, 'blue', 'wrong.png'));
  await rename(join(data, 'red', '2.png'), join(data, 'green', '<img src=x onerror=alert(1)>.png'));
  run = join(home, 'run');
  const second = join(home, 'second');
  const common = { data, backbone: 'vgg-nano', strategy: 'head', cache: false } as const;
  for (const [at, out] of [run, second].entries()) {
    const values = { ...common, out, head: { kind: at === 0 ? 'levels' : 'linear' } };
    const settings = Settings.of({ origin: 'test', values });
    await train({ settings, storage: testStorage(), ...quiet });
  }
  const both = join(home, 'both.html');
  await report({ runs: [run, second], out: both, storage: testStorage(), ...quiet });
  pages = [join(run, 'report.html'), both];
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await rm(home, { recursive: true, force: true });
});

/** Opens a page from disk; everything that it asks of a network, or complains of, is listed. */
async function opened(path: string, width: number, colorScheme: 'light' | 'dark' = 'light') {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const problems: string[] = [];
  page.on('request', (request) => {
    if (!/^(data|file):/.test(request.url())) problems.push(request.url());
  });
  page.on('console', (message) => problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('dialog', (dialog) => problems.push(dialog.message()));
  await page.goto(pathToFileURL(path).href);
  return { page, problems };
}

const overflow = (page: Page) =>
  page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );

describe('a report in a browser', () => {
  it('opens from disk at every width, in light and dark, without network or complaints', async () => {
    for (const path of pages) {
      for (const width of SIZES) {
        for (const scheme of ['light', 'dark'] as const) {
          const { page, problems } = await opened(path, width, scheme);
          expect(problems).toEqual([]);
          expect(await overflow(page)).toBe(0);
          const broken = await page.evaluate<number>(
            '[...document.images].filter((image) => image.naturalWidth === 0).length',
          );
          expect(broken).toBe(0);
          const wide =
            '[...document.querySelectorAll(".gallery li, .cards div")].filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).length';
          expect(await page.evaluate<number>(wide), 'cards with parts that stick out').toBe(0);
          await page.close();
        }
      }
    }
  });

  it('shows the images behind a number, by keyboard alone', async () => {
    const { page, problems } = await opened(pages[0] ?? '', 1000);
    const isCell = 'document.activeElement.matches(".wrong button[data-cell]")';
    for (let i = 0; i < 80 && !(await page.evaluate<boolean>(isCell)); i++) {
      await page.keyboard.press('Tab');
    }
    expect(await page.evaluate<boolean>(isCell)).toBe(true);
    await page.keyboard.press('Enter');
    const inDialog = (what: string) =>
      page.evaluate<number>(`document.querySelectorAll(${what}).length`);
    expect(await inDialog('"dialog[open]"')).toBe(1);
    expect(await inDialog('"dialog[open] li img"')).toBeGreaterThan(0);
    await page.keyboard.press('Escape');
    expect(await inDialog('"dialog[open]"')).toBe(0);
    expect(await page.evaluate<boolean>(isCell)).toBe(true);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('has nothing serious to say to axe-core, in light and dark', async () => {
    const axe = await readFile(AXE, 'utf8');
    for (const path of pages) {
      for (const scheme of ['light', 'dark'] as const) {
        const { page } = await opened(path, 1000, scheme);
        await page.evaluate(axe);
        const found = await page.evaluate<{ id: string; impact: string; nodes: string[] }[]>(
          'axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)) })))',
        );
        expect(found.filter(({ impact }) => ['serious', 'critical'].includes(impact))).toEqual([]);
        await page.close();
      }
    }
  });

  it('opens in under two seconds with 10,000 images, in at most 5 MB', async () => {
    const data = join(home, 'large');
    await noisePicture(join(data, '0.jpg'), 'large');
    const hash = sha256(await readFile(join(data, '0.jpg')));
    const images = Array.from({ length: 10_000 }, (_, i) => ({
      ...{ path: `${i}.jpg`, hash, label: i % 40 },
    }));
    await Promise.all(
      images.slice(1).map(({ path }) => link(join(data, '0.jpg'), join(data, path))),
    );
    const classes = Array.from({ length: 40 }, (_, i) => `class ${i}`);
    await writeRun(join(home, 'large-run'), { classes, images, data });
    const out = join(home, 'large.html');
    await report({ runs: [join(home, 'large-run')], out, storage: testStorage(), ...quiet });
    const { size } = await stat(out);
    expect(size).toBeLessThan(5_000_000);
    const began = performance.now();
    const { page, problems } = await opened(out, 1600);
    const milliseconds = performance.now() - began;
    console.log(`report of 10,000 images: ${size} bytes, opened in ${milliseconds.toFixed(0)} ms`);
    expect(milliseconds).toBeLessThan(2000);
    expect(problems).toEqual([]);
    expect(await overflow(page)).toBe(0);
    await page.close();
  });

  it('prints what is folded, too', async () => {
    const { page } = await opened(pages[0] ?? '', 1000);
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    expect(
      await page.evaluate<number>('document.querySelectorAll("details:not([open])").length'),
    ).toBe(0);
    await page.evaluate('dispatchEvent(new Event("afterprint"))');
    expect(await page.evaluate<number>('document.querySelectorAll("details[open]").length')).toBe(
      0,
    );
    await page.close();
  });

  it('shows heat maps of the worst images while there is a model', async () => {
    const heated = '.gallery.heated img[alt^="where"]';
    const { page } = await opened(pages[0] ?? '', 1000);
    expect(await page.locator(heated).count()).toBeGreaterThan(0);
    await unlink(join(run, 'model', 'model.safetensors'));
    const out = join(home, 'without.html');
    await report({ runs: [run], out, storage: testStorage(), ...quiet });
    const { page: without, problems } = await opened(out, 1000);
    expect(await without.locator(heated).count()).toBe(0);
    expect(problems).toEqual([]);
  });
});
