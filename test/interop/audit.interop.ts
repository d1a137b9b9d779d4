import { copyFile, link, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditRows } from '../../src/audit/audit-csv.ts';
import type { AuditFindings } from '../../src/audit/findings.ts';
import { sha256 } from '../../src/base/hash.ts';
import { Settings } from '../../src/config/settings.ts';
import { readDecisions } from '../../src/dataset/decisions.ts';
import { audit } from '../../src/pipeline/audit.ts';
import { auditPage } from '../../src/report/audit/audit-page.ts';
import { pictureFolder } from '../pipeline/pictures.ts';
import { noisePicture } from '../report/run-folder.ts';
import { testStorage } from '../storage.ts';
import { openBrowser } from './browser.ts';

const quiet = { signal: new AbortController().signal, emit: () => {} };
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

let home: string;
let page: string;
let browser: Browser;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-audit-'));
  const data = await pictureFolder(12, join(home, 'pictures'));
  await rename(join(data, 'red', '1.png'), join(data, 'blue', 'wrong.png'));
  await rename(join(data, 'red', '2.png'), join(data, 'green', '<img src=x onerror=alert(1)>.png'));
  await copyFile(join(data, 'green', '3.png'), join(data, 'red', 'copy.png'));
  const values = { data, backbone: 'vgg-nano' };
  const settings = Settings.of({ origin: 'test', values });
  ({ page } = await audit({ settings, out: home, storage: testStorage(), ...quiet }));
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await rm(home, { recursive: true, force: true });
});

async function opened(width: number, colorScheme: 'light' | 'dark' = 'light', path = page) {
  const tab = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const problems: string[] = [];
  tab.on('request', (request) => {
    if (!/^(data|file|blob):/.test(request.url())) problems.push(request.url());
  });
  tab.on('console', (message) => problems.push(message.text()));
  tab.on('pageerror', (error) => problems.push(error.message));
  await tab.goto(pathToFileURL(path).href);
  return { tab, problems };
}

it.each([400, 900, 1600])(
  'opens from disk at %i pixels without network or complaints',
  async (width) => {
    for (const scheme of ['light', 'dark'] as const) {
      const { tab, problems } = await opened(width, scheme);
      const over = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect(await tab.evaluate<number>(over)).toBe(0);
      const wide =
        '[...document.querySelectorAll(".gallery li")].filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).length';
      expect(await tab.evaluate<number>(wide), 'cards with parts that stick out').toBe(0);
      expect(problems).toEqual([]);
      await tab.close();
    }
  },
);

it('saves what was decided by keyboard alone, as train reads it', async () => {
  const { tab, problems } = await opened(1000);
  const isCard = 'document.activeElement.matches(".suspect")';
  for (let i = 0; i < 40 && !(await tab.evaluate<boolean>(isCard)); i++) {
    await tab.keyboard.press('Tab');
  }
  const first = await tab.evaluate<string>('document.activeElement.dataset.path');
  await tab.keyboard.press('d');
  const second = await tab.evaluate<string>('document.activeElement.dataset.path');
  await tab.keyboard.press('r');
  const saved = tab.waitForEvent('download');
  await tab.evaluate('document.getElementById("save").focus()');
  await tab.keyboard.press('Enter');
  const path = join(home, 'decided.csv');
  await (await saved).saveAs(path);
  const decided = await readDecisions(path);
  const kinds = Object.fromEntries(decided.map((decision) => [decision.path, decision.kind]));
  expect(kinds).toEqual({ [first]: 'drop', [second]: 'relabel' });
  expect(problems).toEqual([]);
  await tab.close();
});

it('has nothing serious to say to axe-core, in light and dark', async () => {
  const axe = await readFile(AXE, 'utf8');
  for (const scheme of ['light', 'dark'] as const) {
    const { tab } = await opened(1000, scheme);
    await tab.evaluate(axe);
    const found = await tab.evaluate<{ id: string; impact: string; nodes: string[] }[]>(
      'axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)) })))',
    );
    expect(found.filter(({ impact }) => ['serious', 'critical'].includes(impact))).toEqual([]);
    await tab.close();
  }
});

it('opens in under two seconds with 10,000 images that are all suspects, in at most 5 MB', async () => {
  const folder = join(home, 'large');
  await noisePicture(join(folder, '0.jpg'), 'large');
  const hash = sha256(await readFile(join(folder, '0.jpg')));
  const paths = Array.from({ length: 10_000 }, (_, at) => `IMG_20260101_${100_000 + at}.jpg`);
  await Promise.all(paths.map((path) => link(join(folder, '0.jpg'), join(folder, path))));
  const classes = Array.from({ length: 40 }, (_, at) => `class ${at}`);
  const label = 'class 0';
  const findings: AuditFindings = {
    suspects: paths.map((path) => ({ path, label, likely: 'class 1', wrong: 0.9, probability: 1 })),
    copies: [
      {
        images: paths.slice(0, 9000).map((path) => ({ path, label, side: null })),
        labelsDiffer: true,
        isLeak: false,
      },
    ],
    outliers: paths.map((path) => ({ path, label, score: 4 })),
    looks: paths.map((path) => ({ path, label, look: 'dark', width: 160, height: 160 })),
    ...{ pairs: [], broken: paths.map((path) => ({ path, reason: 'broken' })) },
  };
  const view = {
    folder,
    images: paths.length,
    classes,
    backbone: 'vgg-nano' as const,
    weights: 'x',
  };
  const images = paths.map((path) => ({ path, hash, label: 0 }));
  const index = { root: folder, layout: 'folders' as const, classes, images, skipped: [] };
  const all = { ...view, labels: null, ...findings, rows: auditRows(findings) };
  const large = join(home, 'large.html');
  await writeFile(large, await auditPage(all, { index, background: '#ffffff' }));
  const { size } = await stat(large);
  expect(size).toBeLessThan(5_000_000);
  const began = performance.now();
  const { tab, problems } = await opened(1600, 'light', large);
  const milliseconds = performance.now() - began;
  console.log(`audit of 10,000 images: ${size} bytes, opened in ${milliseconds.toFixed(0)} ms`);
  expect(milliseconds).toBeLessThan(2000);
  expect(problems).toEqual([]);
  await tab.close();
});
