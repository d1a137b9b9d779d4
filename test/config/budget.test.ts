import { expect, it } from 'vitest';
import { parseBudget } from '../../src/config/budget.ts';
import { ConfigError } from '../../src/config/issues.ts';
import { Settings } from '../../src/config/settings.ts';

it.each([
  ['auto', null],
  [' AUTO ', null],
  ['0', 0],
  ['90s', 90],
  ['10m', 600],
  ['1.5h', 5400],
])('%j is %j seconds', (text, seconds) => {
  expect(parseBudget(text)).toBe(seconds);
});

it.each(['', 'never', '-1m', '10', '1d1', 'm'])('%j is no budget', (text) => {
  expect(parseBudget(text)).toBeUndefined();
});

const issuesOf = (advise: object) => {
  try {
    Settings.of({ origin: 'test', values: { data: 'x', advise } }).for('head');
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
};

it('a config that says another one learns the form', () => {
  expect(issuesOf({ budget: '10m' })).toEqual([]);
  const [issue] = issuesOf({ budget: 'soon' });
  expect(issue?.path).toBe('advise.budget');
  expect(JSON.stringify(issue)).toContain('90s, 10m or 1.5h');
});

it.each(['race', 'raceEpochs'])(
  'a config that still says advise.%s learns what took its place',
  (key) => {
    const [issue] = issuesOf({ [key]: 'never' });
    expect(issue?.fix).toContain('advise.budget says how long');
  },
);
