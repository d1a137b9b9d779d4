// The exported page in Chromium, served by the command that README.md gives.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const BROWSER = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ADDRESS = 'http://127.0.0.1:8000/';

export const hasBrowser = () => existsSync(BROWSER);

/**
 * @param file, words the process that serves the page
 * @param image the path of an image to classify
 * @returns labels and probabilities, as the page shows them
 */
export async function classifyInBrowser([file, words], image) {
  const server = spawn(file, words, { stdio: 'ignore', detached: true });
  const browser = await chromium.launch({
    executablePath: BROWSER,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  try {
    const page = await browser.newPage();
    await reach(page);
    await page.waitForSelector('body[data-state="ready"]', { timeout: 60_000 });
    await page.setInputFiles('#file', image);
    await page.waitForSelector('body[data-state="answered"]', { timeout: 60_000 });
    const { labels, probabilities } = await page.evaluate('window.vggtune');
    return labels.map((label, at) => [label, probabilities[at]]);
  } finally {
    await browser.close();
    // The process group: a shell stands before the server.
    process.kill(-server.pid, 'SIGTERM');
  }
}

/** The server needs a moment to begin. */
async function reach(page) {
  for (let left = 50; ; left--) {
    const loaded = await page.goto(ADDRESS).then(
      () => true,
      (error) => (left === 0 ? Promise.reject(error) : false),
    );
    if (loaded) return;
    await new Promise((wake) => setTimeout(wake, 200));
  }
}
