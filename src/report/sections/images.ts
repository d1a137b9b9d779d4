import type { ImagePrediction } from '../../run/record.ts';
import { isWrong } from '../image-choice.ts';
import { html, type Markup } from '../markup.ts';
import { name, percent, picture, type RunView, section, webp } from '../view.ts';

/** The images that the network was most wrong about, and those that it was least sure of. */
export function images(view: RunView): Markup | undefined {
  const { choice, heatMaps } = view;
  if (choice === undefined) return undefined;
  const heat =
    heatMaps.size === 0
      ? undefined
      : html`<p>The second picture shows where the predicted class was seen: light is much, dark is little.</p>`;
  const worst =
    choice.worst.length === 0
      ? html`<p>No image was taken for another class.</p>`
      : html`<p>Those with the highest loss, so the surest mistakes. Look whether their label is right.</p>${heat}${gallery(choice.worst, view)}`;
  return html`${section(view, { name: 'worst', title: 'Worst images', body: worst })}${section(
    view,
    {
      name: 'unsure',
      title: 'Least sure images',
      body: html`<p>Those whose answer had the lowest probability, right or wrong.</p>${gallery(choice.leastSure, view)}`,
    },
  )}`;
}

function gallery(list: readonly ImagePrediction[], view: RunView): Markup {
  const isHeated = list.some(({ path }) => view.heatMaps.has(path));
  return html`<ul class="gallery ${isHeated ? 'heated' : ''}">${list.map((each) => card(each, view))}</ul>`;
}

function card(each: ImagePrediction, view: RunView): Markup {
  const [first, second] = each.guesses;
  const verdict = isWrong(each) ? 'wrong' : 'right';
  return html`<li><div class="pictures">${picture(view, each.path)}${heatMap(view, each.path)}</div>
<p class="path">${name(each.path)}</p>
<p>true: <b>${name(each.label)}</b></p>
<p class="${verdict}">predicted: <b>${name(first?.label ?? '-')}</b> ${percent(first?.probability ?? Number.NaN)}</p>
${second === undefined ? undefined : html`<p>then: ${name(second.label)} ${percent(second.probability)}</p>`}
<p>loss ${each.loss === null ? '-' : each.loss.toFixed(3)}</p></li>
`;
}

/** Where the predicted class was seen, beside an image that is shown. */
function heatMap({ thumbnails, heatMaps }: RunView, path: string): Markup | undefined {
  const [thumbnail, heat] = [thumbnails.get(path), heatMaps.get(path)];
  if (thumbnail === undefined || 'reason' in thumbnail || heat === undefined) return undefined;
  return html`<img src="${webp(heat)}" alt="where the class was seen">`;
}
