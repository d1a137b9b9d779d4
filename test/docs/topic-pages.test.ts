import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { globSync } from 'glob';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const text = (path: string) => readFileSync(resolve(root, path), 'utf8');

/** Source with `*` for what differs from case to case. */
const source = globSync('src/**/*.ts', { cwd: root })
  .map(text)
  .join('\n')
  .replace(/\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/g, '*');

/** The first cell of each row of the tables under headings that have messages. */
const messages = [...text('docs/troubleshooting.md').matchAll(/^\| `([^`]+)` \|/gm)].map(
  ([, message = '']) => message,
);

describe('troubleshooting', () => {
  it('has messages', () => expect(messages.length).toBeGreaterThan(20));

  it.each(messages)('quotes what is printed: %s', (message) => {
    expect(source).toContain(message.replace(/<\w+>/g, '*'));
  });
});

describe('links', () => {
  const pages = [
    ...globSync('docs/**/*.md', { cwd: root }),
    ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ];

  it.each(pages)('%s leads to files and headings that are there', (page) => {
    for (const [, target = ''] of text(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [file = '', heading] = target.split('#');
      const path = file === '' ? resolve(root, page) : resolve(root, dirname(page), file);
      expect(existsSync(path), target).toBe(true);
      if (heading !== undefined) expect(headingsOf(path), target).toContain(heading);
    }
  });

  it.each(['troubleshooting', 'windows', 'containers', 'gpu'])('README leads to %s', (name) => {
    expect(text('README.md')).toContain(`(docs/${name}.md)`);
  });
});

/** As GitHub makes anchors of headings. */
function headingsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
