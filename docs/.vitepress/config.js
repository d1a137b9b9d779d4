/**
 * The site: the Markdown of this repository as it stands, with a navigation. `npm run docs:build` writes it to site/.
 * The pages are written to be read on a plain git host as well, so that nothing in them is of VitePress alone.
 */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { SECTIONS } from './sections.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Files that pages lead to and that are no pages, from the root: they are copied beside them. */
const linked = new Set();

export default defineConfig({
  title: 'vggtune',
  description: 'Fine-tune a VGG network on a folder of images from the command line',
  lang: 'en',
  srcDir: '..',
  outDir: '../site',
  cacheDir: '../node_modules/.cache/vitepress',
  // Pages that are not of this repository's own, or of no use to readers.
  srcExclude: ['**/{node_modules,dist,site,runs,test,bench,src,reports,coverage}/**'],
  rewrites: { 'README.md': 'index.md' },
  lastUpdated: false,
  head: [
    ['meta', { name: 'referrer', content: 'no-referrer' }],
    // No icon, so that no browser asks for one.
    ['link', { rel: 'icon', href: 'data:,' }],
  ],
  themeConfig: {
    nav: [
      { text: 'Tutorial', link: '/docs/tutorial' },
      { text: 'Commands', link: '/docs/reference/commands' },
      { text: 'Settings', link: '/docs/reference/settings' },
      { text: 'API', link: '/api/index.html', target: '_self' },
    ],
    sidebar: SECTIONS.map(({ title, pages }) => ({
      text: title,
      items: pages.map(([link, text]) => ({ text, link: `/${link}` })),
    })),
    outline: [2, 3],
    search: { provider: 'local' },
  },
  markdown: { anchor: { slugify }, config: (md) => md.core.ruler.push('repository-links', links) },
  buildEnd: ({ outDir }) => {
    for (const file of linked) {
      mkdirSync(dirname(join(outDir, file)), { recursive: true });
      copyFileSync(join(root, file), join(outDir, file));
    }
  },
});

/** Anchors as git hosts make them, so that a link to a heading leads there in both places. */
function slugify(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/**
 * Links as they lead on the site: the README is the first page there, and a file that is no page is copied. VitePress
 * itself fails on a link to a page that there is not; this does so on a link to any other file.
 */
function links({ tokens, env }) {
  for (const token of tokens.flatMap(({ children }) => children ?? [])) {
    const href = token.type === 'link_open' ? token.attrGet('href') : null;
    if (href === null || /^([a-z]+:|#|\/)/i.test(href)) continue;
    const [path = '', anchor] = href.split('#');
    const target = resolve(dirname(env.realPath ?? env.path), path);
    if (!existsSync(target))
      throw new Error(`${env.path} leads to ${href}, and there is no such file`);
    const hash = anchor === undefined ? '' : `#${anchor}`;
    if (target === join(root, 'README.md')) token.attrSet('href', `/index.md${hash}`);
    else if (!target.endsWith('.md')) {
      linked.add(target.slice(root.length));
      // With a target the link is left as it is, and the browser opens it rather than the site's own script.
      token.attrSet('target', '_self');
    }
  }
}
