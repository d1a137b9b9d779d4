import { expect, it } from 'vitest';
import { metricsRecord } from '../../src/evaluation/metrics-record.ts';
import { metricsRecord as schema } from '../../src/outputs/run.ts';

it('a figure that could not be measured is absent, as the published form asks for', () => {
  const scores = Float32Array.of(Number.NaN, Number.NaN);
  const scored = { scores, classes: 2, labels: [1] };
  const record = metricsRecord(scored, { side: 'val', classes: ['a', 'b'] });
  expect(record.metrics).toEqual({ accuracy: 0, top5: 0 });
  expect(schema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
});
