import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { separability } from '../../src/advisor/separability.ts';

interface Golden {
  readonly name: string;
  readonly classes: number;
  readonly width: number;
  readonly labels: number[];
  readonly features: number[];
  readonly logme: number;
  readonly probe: number;
}

const goldens: Golden[] = JSON.parse(
  readFileSync(new URL('../golden/separability.json', import.meta.url), 'utf8'),
);

describe('separability', () => {
  it.each(goldens)('$name: LogME and the probe are those of the long way', (golden) => {
    const found = separability({ ...golden, features: Float32Array.from(golden.features) });
    expect(Math.abs(found.logme - golden.logme)).toBeLessThan(1e-6 * Math.abs(golden.logme) + 1e-7);
    expect(found.probeAccuracy).toBeCloseTo(golden.probe, 10);
  });

  it('ranks separable features above noise', () => {
    const byName = (name: string) => {
      const golden = goldens.find((candidate) => candidate.name === name);
      if (golden === undefined) throw new Error(`no golden ${name}`);
      return separability({ ...golden, features: Float32Array.from(golden.features) });
    };
    expect(byName('separable').logme).toBeGreaterThan(byName('noise').logme);
    expect(byName('separable').probeAccuracy).toBeGreaterThan(byName('noise').probeAccuracy);
  });

  it('answers where every image is the same', () => {
    const same = {
      features: new Float32Array(6 * 4).fill(1),
      width: 4,
      labels: [0, 1, 0, 1, 0, 1],
      classes: 2,
    };
    const found = separability(same);
    expect(Number.isFinite(found.logme)).toBe(true);
    expect(found.probeAccuracy).toBeLessThanOrEqual(0.5);
  });

  it('refuses features that do not fit', () => {
    const bad = { features: new Float32Array(7), width: 4, labels: [0, 1], classes: 2 };
    expect(() => separability(bad)).toThrow(RangeError);
  });
});
