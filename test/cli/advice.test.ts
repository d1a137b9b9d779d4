import { describe, expect, it } from 'vitest';
import { trialLines } from '../../src/cli/report/advice.ts';
import { layerRange } from '../../src/cli/report/layers.ts';
import { facts } from '../../src/cli/table.ts';
import { openTerminal } from '../../src/cli/terminal.ts';
import { Settings } from '../../src/config/settings.ts';
import { advisedSettings } from '../../src/pipeline/choose/advised-settings.ts';
import type { TrialRow } from '../../src/pipeline/choose/trials.ts';

const terminal = openTerminal({ json: false, quiet: true, color: false, environment: {} });

function row(strategy: 'head' | 'all' | 'top', accuracy: number, images: number): TrialRow {
  return { strategy, folds: 2, images, accuracy, epochs: [3, 4], seconds: 2 };
}

it('the table of trials marks what is advised, and shows what the settings do not allow', () => {
  const lines = trialLines([row('top', 0.9, 50), { strategy: 'scratch', reason: 'freeze: no' }], {
    ...terminal,
    width: 80,
    advised: 'top',
  });
  expect(lines.find((line) => line.startsWith('top *'))).toMatch(/2 +50 +90\.0 % +2\.0 s/);
  expect(lines.at(-1)).toBe('not scratch: freeze: no');
});

it('facts stay in their column', () => {
  expect(
    facts(
      [
        ['a', 'one two three'],
        ['long', 'x'],
      ],
      14,
    ),
  ).toEqual(['a     one two', '      three', 'long  x']);
});

it('a range of layers', () => {
  expect(layerRange([])).toBe('nothing');
  expect(layerRange(['fc8'])).toBe('fc8');
  expect(layerRange(['conv1_1', 'conv1_2', 'fc8'])).toBe('conv1_1 to fc8 (3 layers)');
});

describe('settings with what is advised', () => {
  const user = (values: object) =>
    Settings.of({ origin: 'flags', values: { data: 'photos', ...values } });

  it('a boundary stands below the settings', () => {
    const advised = { strategy: 'top', freeze: 'pool3' } as const;
    const configOf = (values: object) => advisedSettings(advised, user(values)).for('top');
    expect(configOf({}).freeze).toBe('pool3');
    expect(configOf({ freeze: 'pool2' }).freeze).toBe('pool2');
  });

  it('scratch does not start from the weights that were given to be advised about', () => {
    const settings = advisedSettings(
      { strategy: 'scratch', freeze: null },
      user({ weights: 'some.safetensors', freeze: 'pool2' }),
    );
    expect(settings.for('scratch')).toMatchObject({ weights: 'random', freeze: null });
  });
});
