// A program that uses the library, as TypeScript sees it. Compiled strictly, and run.
import { readFile } from 'node:fs/promises';
import {
  type AuditReport,
  advise,
  audit,
  ConfigError,
  type Guess,
  loadModel,
  predict,
  type RunEvent,
  report,
  type Settings,
  train,
  VggtuneError,
} from 'vggtune';

const [data = '', image = ''] = process.argv.slice(2);
const settings: Settings = {
  data,
  out: 'run-library',
  backbone: 'vgg-nano',
  strategy: 'head',
  export: ['safetensors'],
};
const events: RunEvent['type'][] = [];
const record = await train(settings, {
  overwrite: true,
  offline: true,
  onEvent: ({ type }) => events.push(type),
});
check(events.includes('stage'), 'events are told');
check((record.metrics?.metrics.accuracy ?? 0) > 0.3, 'the run learned something');

const advice = await advise(
  { data, backbone: 'vgg-nano', advise: { budget: '0' } },
  { estimates: false, offline: true },
);
check(advice.data.images === 408, 'advice is about the images');

const audited: AuditReport = await audit(
  { data, backbone: 'vgg-nano' },
  { to: 'audited', offline: true },
);
check(
  audited.images === 408 && audited.page.endsWith('audit.html'),
  'an audit is about the images',
);
const page = await report([record.folder], { out: 'page.html' });
check((await readFile(page.report, 'utf8')).startsWith('<!doctype html>'), 'a report is a page');
check(page.missing.length === 0, 'nothing is missing in the run');

const [first] = await predict(record.folder, [image], { top: 2 });
check(first !== undefined && 'guesses' in first, 'a file has a prediction');
const expected = 'guesses' in first ? first.guesses : [];

const model = await loadModel(record.folder);
const bytes = await readFile(image);
const many: (readonly Guess[])[] = await Promise.all(
  Array.from({ length: 100 }, (_, at) => model.predict(at % 2 === 0 ? image : bytes, { top: 2 })),
);
for (const guesses of many) {
  check(guesses.length === 2 && guesses[0]?.label === expected[0]?.label, 'all guess the same');
  const apart = Math.abs((guesses[0]?.probability ?? 0) - (expected[0]?.probability ?? 1));
  check(apart < 1e-5, 'with the same probability');
}
await rejects(
  () => model.predict(Buffer.from('no image')),
  (error) => error instanceof VggtuneError && error.kind === 'data',
);
await model.release();
await rejects(
  () => model.predict(image),
  (error) => error instanceof VggtuneError,
);
await rejects(
  () => train({ data, epochs: -1 }),
  (error) => error instanceof ConfigError && error.issues.length > 0,
);
await rejects(
  () => train({ ...settings, out: 'run-stopped' }, { signal: AbortSignal.abort(), offline: true }),
  (error) => error instanceof VggtuneError && error.kind === 'interrupted',
);
// @ts-expect-error: the settings have types
const wrong: Settings = { epoch: 'three' };
check(Object.keys(wrong).length === 1, 'the compiler saw it');
console.log('library: ok');

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`not so: ${what}`);
}

async function rejects(work: () => Promise<unknown>, expects: (error: unknown) => boolean) {
  const error: unknown = await work().then(
    () => 'nothing was thrown',
    (thrown: unknown) => thrown,
  );
  if (!expects(error)) throw new Error(`another error was expected, not: ${String(error)}`);
}
