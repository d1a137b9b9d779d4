import { plural } from '../../base/number-formats.ts';
import { calibrationError } from '../../metrics/calibration.ts';
import { html, type Markup } from '../markup.ts';
import { percent, type RunView, section } from '../view.ts';
import { binsOf } from './summary.ts';

/** How often the network is right at each confidence. */
export function reliability(view: RunView): Markup | undefined {
  const { predictions } = view.run;
  if (predictions === undefined || predictions.length === 0) return undefined;
  const bins = binsOf(predictions);
  const title = 'Reliability diagram';
  const error = percent(calibrationError(bins));
  return section(view, {
    name: 'reliability',
    title: 'How far its probabilities can be trusted',
    body: html`<div class="charts"><figure><figcaption>${title} of ${plural(predictions.length, 'image')}; expected calibration error ${error}</figcaption>${view.charts.reliability(title, bins)}</figure>
<p>Bars below the dashed line: the network is surer than it is right. Bars above it: it is right more often than it says.</p></div>`,
  });
}
