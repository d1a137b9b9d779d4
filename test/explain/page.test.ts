import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import domino from '@mixmark-io/domino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXPLAIN_TOPICS, type ExplainTopic } from '../../src/config/names.ts';
import { stackDrawing } from '../../src/explain/drawings/field.ts';
import { kernelPictures } from '../../src/explain/drawings/kernel-pictures.ts';
import { svg, svgFile } from '../../src/explain/drawings/svg.ts';
import { explain } from '../../src/pipeline/inspect/explain.ts';
import { testStorage } from '../storage.ts';

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'vggtune-explain-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const { signal } = new AbortController();
const request = (topic: ExplainTopic, subject: string) => ({
  topic,
  subject,
  storage: testStorage(),
  emit: () => {},
  signal,
});

/** What is asked of a page and its elements. */
interface Page {
  querySelectorAll(selector: string): ArrayLike<{
    readonly textContent: string;
    readonly outerHTML: string;
    getAttribute(name: string): string | null;
  }>;
}

const found = (page: Page, selector: string) => Array.from(page.querySelectorAll(selector));

async function pageOf(topic: ExplainTopic, subject = 'vgg-nano') {
  const page = join(home, `${topic}-${subject}.html`);
  await explain({ ...request(topic, subject), page });
  const text = await readFile(page, 'utf8');
  return { text, document: domino.createDocument(text) as Page };
}

describe('the page', () => {
  it.each(EXPLAIN_TOPICS)('of %s loads nothing, runs nothing, and draws', async (topic) => {
    const { text, document } = await pageOf(topic);
    const [policy] = found(document, 'meta[http-equiv]');
    expect(policy?.getAttribute('content')).toContain("default-src 'none'");
    expect(policy?.getAttribute('content')).toContain("script-src 'none'");
    expect(text).not.toMatch(/https?:\/\/|<script|<link|<img|@import|url\(/);
    const drawings = found(document, 'svg');
    expect(drawings.length).toBeGreaterThan(1);
    for (const each of drawings) {
      expect(each.getAttribute('aria-label')).toMatch(/\w{4}/);
      expect(each.outerHTML).not.toMatch(/NaN|undefined|Infinity/);
    }
    expect(found(document, 'table').length).toBeGreaterThan(1);
  });

  it('has the first kernels where the weights are at hand, and none where they are not', async () => {
    const titles = async (subject: string) => {
      const { document } = await pageOf('kernels', subject);
      return found(document, 'h2')
        .map(({ textContent }) => textContent)
        .join('\n');
    };
    expect(await titles('vgg-nano')).toContain('as they were learned');
    expect(await titles('vgg16')).not.toContain('as they were learned');
  });

  it('replaces no file of somebody else', async () => {
    const page = join(home, 'mine.html');
    await writeFile(page, 'my own');
    const asked = explain({ ...request('dense', 'vgg16'), page });
    await expect(asked).rejects.toMatchObject({
      kind: 'usage',
      details: { where: page, fix: expect.stringContaining('--page') },
    });
    expect(await readFile(page, 'utf8')).toBe('my own');
  });

  it('is of no network that there is not', async () => {
    await expect(explain(request('dense', 'vgg15'))).rejects.toMatchObject({
      kind: 'usage',
      details: { found: 'vgg15' },
    });
  });
});

describe('drawings', () => {
  it('show each kernel in red, green and blue, grey for zero', () => {
    // Two kernels of 2x2: one is red in its first cell alone, the other is nothing.
    const data = new Float32Array(2 * 3 * 4);
    data[0] = 0.5;
    const { text } = svg(kernelPictures({ shape: [2, 3, 2, 2], data }));
    const fills = [...text.matchAll(/fill:rgb\(([^)]*)\)/g)].map(([, fill]) => fill);
    expect(fills).toEqual(['255 128 128', ...Array.from({ length: 7 }, () => '128 128 128')]);
  });

  it('of stacks have as many cells as the stack sees', () => {
    const { parts } = stackDrawing(3);
    const cells = parts.filter(({ text }) => text.startsWith('<rect'));
    expect(cells).toHaveLength(1 + 3 + 5 + 7);
  });

  it('as files bring their own colours, for light and dark', () => {
    const file = svgFile(stackDrawing(2));
    expect(file).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    for (const [, name] of file.matchAll(/var\(--(\w+)\)/g)) expect(file).toContain(`--${name}:`);
    expect(file).toContain('prefers-color-scheme:dark');
  });
});
