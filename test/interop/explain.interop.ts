import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXPLAIN_TOPICS } from '../../src/config/names.ts';
import { explain } from '../../src/pipeline/inspect/explain.ts';
import { testStorage } from '../storage.ts';
import { openBrowser } from './browser.ts';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

let home: string;
let browser: Browser;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-explain-'));
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await rm(home, { recursive: true, force: true });
});

const CASES = EXPLAIN_TOPICS.flatMap((topic) => [
  { topic, scheme: 'dark' as const, width: 400 },
  { topic, scheme: 'light' as const, width: 1280 },
]);

it.each(CASES)(
  'the page of $topic at $width pixels, $scheme: no network, nothing beside the screen, no fault of access',
  async ({ topic, scheme, width }) => {
    const path = join(home, `${topic}.html`);
    const { signal } = new AbortController();
    const storage = testStorage();
    await explain({ topic, subject: 'vgg-nano', page: path, storage, signal, emit: () => {} });
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: scheme,
      bypassCSP: true,
    });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('request', (request) => {
      if (!/^(data|file):/.test(request.url())) problems.push(request.url());
    });
    page.on('console', (message) => problems.push(message.text()));
    await page.goto(pathToFileURL(path).href);
    const root = 'document.documentElement';
    expect(await page.evaluate<number>(`${root}.scrollWidth - ${root}.clientWidth`)).toBe(0);
    await page.addScriptTag({ path: AXE });
    const faults = await page.evaluate<string[]>(
      'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + " " + nodes[0].html))',
    );
    expect(faults).toEqual([]);
    expect(problems).toEqual([]);
    await context.close();
  },
);
