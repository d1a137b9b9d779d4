// The pictures of README and docs: a real session, and the pages that it writes, in Chromium at three widths.
//   node bench/screenshots.js [--work FOLDER] [--to docs/images]
// The images are those of the demo. Some labels are changed and some images copied first, so that an audit has something
// to find. `CHROMIUM` names the browser, /usr/bin/chromium by default. Pictures are reduced to a palette.
import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { chromium } from 'playwright-core';
import { IMAGES_PER_CLASS } from '../dist/pipeline/demo/demo.js';
import { buildEmojiFolder } from '../dist/pipeline/demo/demo-data.js';
import { sessionPage } from './screenshots/session-page.js';
import sharp from './sharp.js';

const { values } = parseArgs({
  options: {
    work: { type: 'string', default: join(tmpdir(), 'vggtune-screenshots') },
    to: { type: 'string', default: 'docs/images' },
  },
});
const work = resolve(values.work);
const target = resolve(values.to);
const BIN = resolve('bin/vggtune.js');

/** The session: what is typed. The report shows the run of the second line, and its curves. */
const SESSION = [
  'vggtune audit emoji --backbone vgg-nano',
  'vggtune train emoji --strategy top --backbone vgg-nano --epochs 12 --test 0.3 --out runs/emoji',
  'vggtune evaluate runs/emoji --worst 3',
];
const COLUMNS = 100;

/** Labels that are made wrong: the class of the images, and the one that their first ones are put into. */
const WRONG = [
  ['animals', 'vehicles', 3],
  ['food', 'hands', 2],
  ['clocks', 'buttons', 2],
];
/** Images of a class that are copied into another. */
const COPIES = [
  ['flags', 'clothes', 1],
  ['hearts', 'faces', 1],
];

await rm(work, { recursive: true, force: true });
await mkdir(target, { recursive: true });
await faultyImages(join(work, 'emoji'));
const session = [];
for (const line of SESSION) session.push({ line, screen: await typed(line) });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
const report = pathToFileURL(join(work, 'runs', 'emoji', 'report.html')).href;
const audit = pathToFileURL(join(work, 'audit.html')).href;
await shoot('session', { html: sessionPage(session, COLUMNS), width: 860, whole: true });
await shoot('report-1600', { url: report, width: 1600, height: 1500 });
await shoot('report-900-dark', { url: report, width: 900, height: 1100, from: '#r1-worst' });
await shoot('report-400', { url: report, width: 400, height: 1100, from: '#r1-confusion' });
await shoot('audit-1600-dark', { url: audit, width: 1600, height: 1000, decide: 'rr' });
await shoot('audit-900', { url: audit, width: 900, height: 1000, decide: 'r' });
await shoot('audit-400', { url: audit, width: 400, height: 1000, from: '#part-0' });
await browser.close();

/** The demo's images, with faults. */
async function faultyImages(folder) {
  await buildEmojiFolder({ target: folder, imagesPerClass: IMAGES_PER_CLASS });
  for (const [from, to, count] of WRONG) {
    const names = (await readdir(join(folder, from))).sort().slice(0, count);
    for (const name of names) await rename(join(folder, from, name), join(folder, to, name));
  }
  for (const [from, to, count] of COPIES) {
    const names = (await readdir(join(folder, from))).sort().slice(-count);
    for (const name of names) await copyFile(join(folder, from, name), join(folder, to, name));
  }
}

/** Types a line on a terminal, and returns the screen when the command has ended. */
async function typed(line) {
  const terminal = new xterm.Terminal({
    ...{ cols: COLUMNS, rows: 60, scrollback: 500, allowProposedApi: true },
  });
  const words = line.split(' ').slice(1);
  const child = spawn(process.execPath, [BIN, ...words], {
    ...{ name: 'xterm-256color', cols: COLUMNS, rows: 60, cwd: work },
    env: { ...process.env, VGGTUNE_CACHE: join(work, 'cache'), LC_ALL: 'C.UTF-8' },
  });
  child.onData((text) => terminal.write(text));
  const code = await new Promise((done) => child.onExit(({ exitCode }) => done(exitCode)));
  await new Promise((done) => terminal.write('', done));
  if (code !== 0) throw new Error(`${line} ended with ${code}`);
  return terminal.buffer.active;
}

/** Takes a picture of a page, and says what it weighs. */
async function shoot(name, { url, html, width, height = 600, from, decide = '', whole = false }) {
  const colorScheme = name.endsWith('dark') ? 'dark' : 'light';
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  if (html === undefined) await page.goto(url);
  else await page.setContent(html);
  if (from !== undefined) await page.evaluate(`location.hash = ${JSON.stringify(from)}`);
  if (decide !== '') await page.focus('.suspect');
  for (const key of decide) await page.keyboard.press(key);
  if (decide !== '') await page.evaluate('scrollTo(0, 0)');
  const path = join(target, `${name}.png`);
  const bytes = await page.screenshot({ fullPage: whole });
  await sharp(bytes).png({ palette: true, colours: 96, effort: 10, dither: 0.5 }).toFile(path);
  console.log(`${path}: ${((await stat(path)).size / 1000).toFixed(0)} kB`);
  await page.close();
}
