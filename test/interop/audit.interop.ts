import { copyFile, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Settings } from '../../src/config/settings.ts';
import { readDecisions } from '../../src/dataset/decisions.ts';
import { audit } from '../../src/pipeline/audit.ts';
import { pictureFolder } from '../pipeline/pictures.ts';
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

async function opened(width: number, colorScheme: 'light' | 'dark' = 'light') {
  const tab = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const problems: string[] = [];
  tab.on('request', (request) => {
    if (!/^(data|file|blob):/.test(request.url())) problems.push(request.url());
  });
  tab.on('console', (message) => problems.push(message.text()));
  tab.on('pageerror', (error) => problems.push(error.message));
  await tab.goto(pathToFileURL(page).href);
  return { tab, problems };
}

it.each([400, 1000, 1600])(
  'opens from disk at %i pixels without network or complaints',
  async (width) => {
    for (const scheme of ['light', 'dark'] as const) {
      const { tab, problems } = await opened(width, scheme);
      const over = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect(await tab.evaluate<number>(over)).toBe(0);
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
