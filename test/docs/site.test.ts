import { existsSync } from 'node:fs';
import { globSync } from 'glob';
import { expect, it } from 'vitest';

interface Section {
  readonly title: string;
  readonly pages: readonly (readonly [link: string, text: string])[];
}

async function sections(): Promise<readonly Section[]> {
  const path = '../../docs/.vitepress/sections.js';
  return ((await import(/* @vite-ignore */ path)) as { SECTIONS: readonly Section[] }).SECTIONS;
}

/** The file of a link of the navigation: the README is the first page. */
function fileOf(link: string): string {
  if (link === '') return 'README.md';
  return link.endsWith('/') ? `${link}index.md` : `${link}.md`;
}

it('the navigation of the site leads to every page of docs/, once, and to nothing else', async () => {
  const files = (await sections()).flatMap(({ pages }) => pages.map(([link]) => fileOf(link)));
  expect(new Set(files).size).toBe(files.length);
  for (const file of files) expect(existsSync(file), file).toBe(true);
  const pages = globSync('docs/**/*.md', { posix: true });
  for (const page of pages) expect(files, page).toContain(page);
});

it('no name of the navigation stands twice', async () => {
  const names = (await sections()).flatMap(({ pages }) => pages.map(([, text]) => text));
  expect(new Set(names).size).toBe(names.length);
});
