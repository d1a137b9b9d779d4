import { percent as formatted } from '../base/number-formats.ts';
import type { Charts } from './charts.ts';
import type { ImageChoice } from './image-choice.ts';
import { html, type Markup } from './markup.ts';
import type { ReportedRun } from './read-run.ts';
import type { Thumbnail } from './thumbnails.ts';

/** A run with all that its part of the page is made of. */
export interface RunView {
  readonly run: ReportedRun;
  /** Begins the ids of the run's part of the page. */
  readonly id: string;
  readonly charts: Charts;
  readonly choice: ImageChoice | undefined;
  readonly thumbnails: ReadonlyMap<string, Thumbnail>;
  /** Heat maps as WebP, by the path of the image. */
  readonly heatMaps: ReadonlyMap<string, Buffer>;
}

/** A section with a heading. */
export function section(
  view: RunView,
  part: { name: string; title: string; body: Markup },
): Markup {
  const id = `${view.id}-${part.name}`;
  return html`<section id="${id}" aria-labelledby="${view.id}-name ${id}-title">
<h3 id="${id}-title">${part.title}</h3>
${part.body}
</section>
`;
}

/** Names that come from files, kept from changing the direction of the text around them. */
export const name = (text: string) => html`<bdi>${text}</bdi>`;

/** A list of terms and what is said of them. */
export function facts(rows: readonly (readonly [string, Markup | string])[]): Markup {
  const items = rows.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`);
  return html`<dl class="facts">${items}</dl>`;
}

/** An image with its heat map if there is one, or the reason why it cannot be shown. */
export function picture({ thumbnails, heatMaps }: RunView, path: string): Markup {
  const thumbnail = thumbnails.get(path);
  if (thumbnail === undefined || 'reason' in thumbnail) {
    const reason = thumbnail?.reason ?? 'left out for space or time';
    return html`<span class="absent">${reason}</span>`;
  }
  const heat = heatMaps.get(path);
  return html`<img src="${webp(thumbnail.webp)}" alt="" data-image="${path}">${
    heat === undefined ? undefined : html`<img src="${webp(heat)}" alt="where the class was seen">`
  }`;
}

export const webp = (bytes: Buffer) => `data:image/webp;base64,${bytes.toString('base64')}`;

/** `93.4 %`, whose parts stay on one line. */
export const percent = (share: number) => formatted(share).replace(' ', '\u00a0');
