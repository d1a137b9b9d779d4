import type { AuditFindings } from '../../audit/findings.ts';
import { percent, plural } from '../../base/number-formats.ts';
import { html, type Markup } from '../markup.ts';
import type { Thumbnail } from '../thumbnails.ts';
import { name } from '../view.ts';
import { thumbnail } from './cards.ts';

/** How much of each list is shown. */
const GROUPS = 24;
const IN_GROUP = 4;
const LISTED = 200;

/** Groups of images that show nearly the same and have one label: nothing has to be decided about them. */
export function copies(
  groups: AuditFindings['copies'],
  thumbnails: ReadonlyMap<string, Thumbnail>,
): Markup {
  const harmless = groups.filter(({ labelsDiffer, isLeak }) => !labelsDiffer && !isLeak);
  const items = harmless.slice(0, GROUPS).map(({ images }) => {
    const some = images.slice(0, IN_GROUP);
    return html`<li><div class="pictures">${some.map(({ path }) => thumbnail(thumbnails.get(path)))}</div>
${some.map(({ path }) => html`<p class="path">${name(path)}</p>`)}${
  images.length > IN_GROUP ? html`<p>and ${images.length - IN_GROUP} more</p>` : undefined
}</li>
`;
  });
  const left = harmless.length - items.length;
  return html`<section aria-labelledby="copies-title"><h2 id="copies-title">Copies with the same label</h2>
<p>${harmless.length === 0 ? 'None were found.' : `${plural(harmless.length, 'group')}; training keeps each in one subset.`}</p>
<ul class="gallery wide">${items}</ul>
${left > 0 ? html`<p>${plural(left, 'other group')} not shown.</p>` : undefined}</section>
`;
}

/** Classes that cannot be told apart. */
export function pairs(found: AuditFindings['pairs']): Markup {
  const rows = found.slice(0, LISTED).map(
    ({ classes: [a, b], images, toldApart }) =>
      html`<tr><td>${name(a)}</td><td>${name(b)}</td><td class="number">${images}</td><td class="number">${percent(toldApart)}</td></tr>
`,
  );
  const body =
    rows.length === 0
      ? html`<p>Every two classes are told apart better than by a coin.</p>`
      : html`${table(['class', 'class', 'images', 'told apart'], rows)}${rest(found.length, 'pair')}`;
  return html`<section aria-labelledby="pairs-title"><h2 id="pairs-title">Classes that cannot be told apart</h2>
${body}</section>
`;
}

/** Files that cannot be used. */
export function broken(files: AuditFindings['broken']): Markup {
  const rows = files.slice(0, LISTED).map(
    ({ path, reason }) => html`<tr><td>${name(path)}</td><td>${reason}</td></tr>
`,
  );
  return html`<section aria-labelledby="broken-title"><h2 id="broken-title">Broken files</h2>
${rows.length === 0 ? html`<p>None were found.</p>` : html`${table(['file', 'why'], rows)}${rest(files.length, 'file')}`}</section>
`;
}

/** Says what a list leaves out. */
function rest(all: number, noun: string): Markup | undefined {
  return all > LISTED ? html`<p>And ${plural(all - LISTED, `other ${noun}`)}.</p>` : undefined;
}

function table(heads: readonly string[], rows: readonly Markup[]): Markup {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${heads.join(', ')}"><table><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div>`;
}
