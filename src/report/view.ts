import { percent as formatted } from '../base/number-formats.ts';
import type { MetricsRecord } from '../run/record.ts';
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

interface Part {
  readonly name: string;
  readonly title: string;
  readonly body: Markup;
  /** Whether half of a wide page is enough for it, beside the part that follows or comes before. */
  readonly isHalf?: boolean;
}

/** A section with a heading. */
export function section(view: RunView, part: Part): Markup {
  const id = `${view.id}-${part.name}`;
  return html`<section id="${id}" class="${part.isHalf ? 'half' : ''}" aria-labelledby="${view.id}-name ${id}-title">
<h3 id="${id}-title">${part.title}</h3>
${part.body}
</section>
`;
}

/** The number of classes of which half of a wide page shows the matrix, and all figures. */
const SMALL = 14;

export const isSmall = ({ perClass }: MetricsRecord) => perClass.length <= SMALL;

/** Names that come from files, kept from changing the direction of the text around them. */
export const name = (text: string) => html`<bdi>${text}</bdi>`;

/** A list of terms and what is said of them. */
export function facts(rows: readonly (readonly [string, Markup | string])[]): Markup {
  const items = rows.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`);
  return html`<dl class="facts">${items}</dl>`;
}

/** An image, or the reason why it cannot be shown. */
export function picture({ thumbnails }: Pick<RunView, 'thumbnails'>, path: string): Markup {
  const thumbnail = thumbnails.get(path);
  if (thumbnail === undefined || 'reason' in thumbnail) {
    const reason = thumbnail?.reason ?? 'left out for space or time';
    return html`<span class="absent">${reason}</span>`;
  }
  return html`<img src="${webp(thumbnail.webp)}" alt="" data-image="${path}">`;
}

export const webp = (bytes: Buffer) => `data:image/webp;base64,${bytes.toString('base64')}`;

/** `93.4 %`, whose parts stay on one line. */
export const percent = (share: number) => formatted(share).replace(' ', '\u00a0');
