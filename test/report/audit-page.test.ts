import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import domino from '@mixmark-io/domino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditRows } from '../../src/audit/audit-csv.ts';
import type { AuditFindings } from '../../src/audit/findings.ts';
import { sha256 } from '../../src/base/hash.ts';
import { auditPage } from '../../src/report/audit/audit-page.ts';
import { temporaryFolder } from '../pipeline/pictures.ts';
import { noisePicture } from './run-folder.ts';

let home: string;
beforeAll(async () => {
  home = await temporaryFolder();
});
afterAll(() => rm(home, { recursive: true, force: true }));

const HOSTILE = `x"><img src=x onerror=alert(1)>'<script>alert(2)<`;

/** What is asked of an element of the page. */
interface Found {
  readonly textContent: string;
  getAttribute(name: string): string | null;
}

interface Page {
  querySelectorAll(selector: string): ArrayLike<Found>;
  querySelector(selector: string): Found | null;
}

async function pageOf(names: readonly string[], label: string) {
  const images = [];
  for (const path of names) {
    await noisePicture(join(home, path), path);
    images.push({ path, label: 0, hash: sha256(await readFile(join(home, path))) });
  }
  const findings: AuditFindings = {
    suspects: names.map((path) => ({ path, label, likely: label, wrong: 0.9, probability: 0.8 })),
    copies: [],
    outliers: [{ path: 'gone.png', label, score: 4 }],
    looks: [],
    pairs: [{ classes: [label, label], images: 4, toldApart: 0.5 }],
    broken: Array.from({ length: 201 }, () => ({ path: label, reason: label })),
  };
  const classes = [label];
  const index = { root: home, layout: 'folders' as const, classes, images, skipped: [] };
  const labels = { wrong: 1, agreement: 0.9, folds: 5, fits: 4 };
  const view = { folder: label, images: 2, classes, backbone: 'vgg-nano' as const, weights: label };
  const rows = auditRows(findings);
  const text = await auditPage(
    { ...view, labels, ...findings, rows },
    { index, background: '#ffffff' },
  );
  return { document: domino.createDocument(text) as Page };
}

it('shows each suspect with its picture, its classes and what can be decided', async () => {
  const { document } = await pageOf(['a.png', 'b.png'], 'cats');
  const cards = Array.from(document.querySelectorAll('.suspect'));
  expect(cards).toHaveLength(3);
  expect(document.querySelectorAll('.suspect img')).toHaveLength(2);
  expect(document.querySelectorAll('.suspect button')).toHaveLength(9);
  expect(document.querySelector('main')?.textContent).toContain('And 1 other file.');
  expect(document.querySelector('.suspect .absent')?.textContent).toContain('not an image');
});

it('runs nothing that stands in a name, and loads nothing', async () => {
  const { document } = await pageOf(['c.png'], HOSTILE);
  expect(document.querySelectorAll('img[onerror]')).toHaveLength(0);
  // The rows, and the script of the page.
  expect(document.querySelectorAll('script')).toHaveLength(2);
  const policy = document.querySelector('meta[http-equiv]')?.getAttribute('content');
  expect(policy).toMatch(/^default-src 'none'; img-src data:;/);
  const sources = Array.from(document.querySelectorAll('img'));
  expect(sources.every((image) => image.getAttribute('src')?.startsWith('data:'))).toBe(true);
});
