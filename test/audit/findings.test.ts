import { expect, it } from 'vitest';
import { auditCsv, auditRows } from '../../src/audit/audit-csv.ts';
import { inseparablePairs } from '../../src/audit/class-pairs.ts';
import type { AuditFindings } from '../../src/audit/findings.ts';
import { findLooks } from '../../src/audit/looks.ts';
import { isOutlier, modifiedScores, outlierScores } from '../../src/audit/outliers.ts';
import { createRng } from '../../src/base/rng.ts';
import { parseCsv } from '../../src/dataset/csv.ts';
import { parseDecisions } from '../../src/dataset/decisions.ts';

it('gives modified z-scores as Iglewicz and Hoaglin do', () => {
  // Median 3, median absolute deviation 1.
  const scores = modifiedScores(Float64Array.of(1, 2, 3, 4, 10));
  expect([...scores].map((score) => Number(score.toFixed(4)))).toEqual([
    -1.349, -0.6745, 0, 0.6745, 4.7215,
  ]);
  expect([...modifiedScores(Float64Array.of(2, 2, 2))]).toEqual([0, 0, 0]);
});

/** Images around the origin, and one far away, which may have a copy. */
function cloud(far: number) {
  const rng = createRng('outliers');
  const features = Float32Array.from({ length: 41 * 8 }, () => rng.normal());
  for (let i = 39 * 8; i < 41 * 8; i++) features[i] = i >= 40 * 8 ? far : (features[i] ?? 0);
  return features;
}

it('finds an image that is far from all others, and no other', () => {
  const groups = Array.from({ length: 41 }, (_, i) => String(i));
  const scores = outlierScores(cloud(8), { groups });
  expect([...scores.keys()].filter((at) => isOutlier(scores[at] ?? 0))).toEqual([40]);
});

it('does not take the copy of an outlier for its neighbour', () => {
  const features = cloud(8);
  features.copyWithin(39 * 8, 40 * 8);
  const groups = Array.from({ length: 41 }, (_, i) => String(Math.min(i, 39)));
  const scores = outlierScores(features, { groups });
  expect(isOutlier(scores[39] ?? 0) && isOutlier(scores[40] ?? 0)).toBe(true);
});

it('names two classes that are guessed between, and not those that are told apart', () => {
  const labels = Array.from({ length: 60 }, (_, i) => i % 3);
  const scores = Float32Array.from(
    labels.flatMap((label, image) => {
      if (label === 2) return [0.1, 0.1, 0.8];
      return Math.floor(image / 3) % 2 === 0 ? [0.6, 0.3, 0.1] : [0.3, 0.6, 0.1];
    }),
  );
  const pairs = inseparablePairs({ scores, classes: 3, labels });
  expect(pairs).toEqual([{ a: 0, b: 1, images: 40, toldApart: 0.5 }]);
});

it('tells blank, dark, tiny and blurred images', () => {
  const good = { width: 200, height: 100, brightness: 120, contrast: 200, sharpness: 0.5 };
  const others = Array.from({ length: 20 }, (_, i) => ({ ...good, sharpness: 0.4 + i / 100 }));
  const odd = [
    { ...good, contrast: 3 },
    { ...good, brightness: 9 },
    { ...good, height: 12 },
    { ...good, sharpness: 0.05 },
  ];
  const looks = findLooks([...others, ...odd]);
  expect(looks.slice(0, 20).every((look) => look === undefined)).toBe(true);
  expect(looks.slice(20)).toEqual(['blank', 'dark', 'tiny', 'blurred']);
});

const side = null;
const FINDINGS: AuditFindings = {
  suspects: [{ path: '=a.png', label: 'x,y', likely: 'z', wrong: 0.99, probability: 0.9 }],
  copies: [
    {
      images: [
        { path: '=a.png', label: 'x,y', side },
        { path: 'b.png', label: 'z', side },
      ],
      labelsDiffer: true,
      isLeak: false,
    },
    {
      images: [
        { path: 'c.png', label: 'z', side },
        { path: 'd.png', label: 'z', side },
      ],
      labelsDiffer: false,
      isLeak: false,
    },
  ],
  outliers: [{ path: 'e.png', label: 'z', score: 5 }],
  looks: [{ path: 'f.png', label: 'z', look: 'tiny', width: 8, height: 9 }],
  pairs: [],
  broken: [],
};

it('has a row for each image and problem, and none for copies that agree', () => {
  const rows = auditRows(FINDINGS).map(({ path, problem }) => `${path} ${problem}`);
  expect(rows).toEqual([
    '=a.png label',
    '=a.png copy',
    'b.png copy',
    'e.png outlier',
    'f.png tiny',
  ]);
});

it('names a few of the copies that an image has thousands of, so that the file stays small', () => {
  const images = Array.from({ length: 9000 }, (_, at) => ({ path: `${at}.png`, label: 'x', side }));
  const copies = [{ images, labelsDiffer: true, isLeak: false }];
  const rows = auditRows({ ...FINDINGS, copies }).filter(({ problem }) => problem === 'copy');
  expect(rows).toHaveLength(9000);
  expect(rows[0]?.note).toBe('same as 1.png, 2.png, 3.png, 4.png, 5.png and 8994 more');
  expect(rows[8999]?.note).toBe('same as 0.png, 1.png, 2.png, 3.png, 4.png and 8994 more');
  const text = auditCsv(rows);
  expect(text.length).toBeLessThan(1_000_000);
});

it('is read back as decisions: none as it is written, and the likely class once relabel is said', () => {
  const text = auditCsv(auditRows(FINDINGS));
  expect(parseDecisions(text, 'audit.csv')).toEqual([]);
  // The cell would be a formula.
  expect(text).toContain("'=a.png");
  const [header, first] = parseCsv(text, 'audit.csv');
  const at = header?.cells.indexOf('decision') ?? -1;
  const cells = first?.cells.map((cell, i) => (i === at ? 'relabel' : cell)) ?? [];
  const decided = [header?.cells ?? [], cells].map((row) => row.map((c) => `"${c}"`).join(','));
  expect(parseDecisions(decided.join('\n'), 'audit.csv')).toMatchObject([
    { path: '=a.png', label: 'x,y', kind: 'relabel', newLabel: 'z' },
  ]);
});

it('is found among more images than each is compared with', () => {
  const rng = createRng('outliers', 'many');
  const images = 5000;
  const features = Float32Array.from({ length: images * 2 }, () => rng.normal());
  features.fill(40, 2 * 4321, 2 * 4321 + 2);
  const groups = Array.from({ length: images }, (_, image) => String(image));
  const scores = outlierScores(features, { groups });
  expect(scores.indexOf(Math.max(...scores))).toBe(4321);
  expect(isOutlier(scores[4321] ?? 0)).toBe(true);
});
