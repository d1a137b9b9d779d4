import { expect, it } from 'vitest';
import { Settings } from '../../src/config/settings.ts';
import { parseTracker } from '../../src/config/trackers.ts';

it.each([
  ['tensorboard', { kind: 'tensorboard' }],
  ['mlflow=http://h:5000', { kind: 'mlflow', address: 'http://h:5000', experiment: 'vggtune' }],
  [
    'mlflow=https://h/base/#caf%C3%A9',
    { kind: 'mlflow', address: 'https://h/base', experiment: 'café' },
  ],
])('%s names a tracker', (text, place) => {
  expect(parseTracker(text)).toEqual(place);
});

it.each([
  ...['', 'wandb', 'mlflow', 'mlflow=', 'mlflow=h:5000', 'mlflow=file:///tmp', 'tensorboard=x'],
  ...['mlflow=http://me:secret@h', 'mlflow=http://h?token=x', 'mlflow=http://h#%'],
])('%s names none', (text) => {
  expect(parseTracker(text)).toBeUndefined();
});

it('a setting that names none says what is possible', () => {
  const settings = Settings.of({ origin: 'test', values: { data: 'x', log: ['wandb'] } });
  expect(() => settings.for()).toThrow(/tensorboard, or mlflow=http/);
});
