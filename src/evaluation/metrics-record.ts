import { confusionMatrix, perClassMetrics } from '../metrics/confusion.ts';
import { type Figures, figuresOf } from '../metrics/metric-values.ts';
import type { Scored } from '../metrics/scores.ts';
import { FORMAT_VERSION, type MetricsRecord } from '../run/record.ts';

/**
 * The content of metrics.json for one subset. A metric that could not be measured is absent: JSON knows no
 * NaN.
 */
export function metricsRecord<Side extends MetricsRecord['side']>(
  scored: Scored,
  of: { readonly side: Side; readonly classes: readonly string[] },
): MetricsRecord & { readonly side: Side } {
  const confusion = confusionMatrix(scored);
  const perClass = perClassMetrics(confusion);
  return {
    version: FORMAT_VERSION,
    side: of.side,
    images: scored.labels.length,
    metrics: measured(figuresOf(scored)),
    perClass: of.classes.map((name, c) => ({
      name,
      precision: perClass[c]?.precision ?? 0,
      recall: perClass[c]?.recall ?? 0,
      f1: perClass[c]?.f1 ?? 0,
      support: perClass[c]?.support ?? 0,
    })),
    confusion,
  };
}

function measured(figures: Figures): MetricsRecord['metrics'] {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => Number.isFinite(value)));
}
