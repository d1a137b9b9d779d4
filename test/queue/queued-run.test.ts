import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Settings } from '../../src/config/settings.ts';
import { jobIdOf, queuedRun, readQueuedRun } from '../../src/queue/queued-run.ts';

const HOW = { version: '1.0.0', overwrite: false, offline: true, mark: 'm' };

function sent(values: Readonly<Record<string, unknown>>, folder = '/shared/runs/a') {
  const settings = Settings.of({ origin: 'a.yaml', values });
  return queuedRun({ name: 'a', folder, settings }, HOW);
}

describe('a run in the queue', () => {
  it('has absolute paths, and words stay words', () => {
    const { values } = sent({
      ...{ data: 'photos', decisions: 'audit.csv', out: 'runs/a', weights: 'w.pth' },
      weightsPreprocessing: 'keras',
    });
    expect(values).toEqual({
      ...{ data: resolve('photos'), decisions: resolve('audit.csv'), out: resolve('runs/a') },
      ...{ weights: resolve('w.pth'), weightsPreprocessing: 'keras' },
    });
    expect(sent({ weights: 'random' }).values).toEqual({ weights: 'random' });
    expect(sent({ weights: 'auto', decisions: null }).values).toEqual({
      weights: 'auto',
      decisions: null,
    });
  });

  it('is read back as it was sent', () => {
    const run = sent({ data: 'photos', epochs: 3 });
    expect(readQueuedRun(JSON.parse(JSON.stringify(run)))).toEqual(run);
  });

  it.each([null, 'run', {}, { ...sent({}), version: 1 }, { ...sent({}), values: [] }])(
    'of another form is none: %j',
    (data) => expect(readQueuedRun(data)).toBeUndefined(),
  );
});

describe('the id of a job', () => {
  it('is the same for the same settings in the same folder, whoever asks', () => {
    const id = jobIdOf(sent({ epochs: 3, seed: 1 }));
    expect(id).toMatch(/^run-[0-9a-f]{32}$/);
    expect(jobIdOf({ ...sent({ seed: 1, epochs: 3 }), name: 'b', version: '2' } as never)).toBe(id);
  });

  it('differs with a setting, and with the folder', () => {
    const id = jobIdOf(sent({ seed: 1 }));
    expect(jobIdOf(sent({ seed: 2 }))).not.toBe(id);
    expect(jobIdOf(sent({ seed: 1 }, '/shared/runs/b'))).not.toBe(id);
  });
});
