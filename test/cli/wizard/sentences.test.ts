import { expect, it, describe as suite } from 'vitest';
import { NETWORK_SENTENCES } from '../../../src/cli/wizard/sentences.ts';
import { BACKBONES } from '../../../src/config/names.ts';
import { describe } from '../../../src/pipeline/inspect/describe.ts';

async function sizeOf(subject: string) {
  const { layers } = await describe({ subject, head: 'linear', classes: 10 });
  const sum = (of: (row: (typeof layers)[number]) => number) =>
    layers.reduce((total, row) => total + of(row), 0);
  return {
    work: sum(({ macs }) => macs),
    megabytes: (4 * sum(({ parameters }) => parameters)) / 1e6,
  };
}

suite('what the wizard says of networks', () => {
  it.each(BACKBONES)('%s is so', async (name) => {
    const sentence = NETWORK_SENTENCES[name];
    const own = await sizeOf(name);
    const usual = await sizeOf('vgg16');
    const [, megabytes] = /^(\d+) MB to fetch/.exec(sentence) ?? [];
    if (megabytes !== undefined) expect(Number(megabytes)).toBe(Math.round(own.megabytes));
    const [, share] = /([\d.]+) of the work of vgg16/.exec(sentence) ?? [];
    if (share !== undefined) expect(Number(share)).toBeCloseTo(own.work / usual.work, 1);
    expect(sentence.length).toBeGreaterThan(10);
  });
});
