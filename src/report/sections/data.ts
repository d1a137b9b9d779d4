import { grouped, plural } from '../../base/number-formats.ts';
import type { SplitRecord } from '../../run/record.ts';
import { html, type Markup } from '../markup.ts';
import { duplicateGroups, GROUPS_SHOWN, IN_GROUP } from '../near-duplicates.ts';
import { name, picture, type RunView, section } from '../view.ts';

/** The number of files that a list names. */
const LISTED = 200;

/** What was left out and why, what was odd, and which images are nearly the same. */
export function data(view: RunView): Markup {
  const { events, split } = view.run;
  return html`${section(view, {
    name: 'skipped',
    title: 'Left out',
    body: html`${skipped(events?.skipped)}${warnings(events?.warnings ?? [])}`,
  })}${section(view, {
    name: 'duplicates',
    title: 'Near-duplicates',
    body: split === undefined ? html`<p>The images are not known.</p>` : duplicates(split, view),
  })}`;
}

function skipped(files: readonly { readonly path: string; readonly reason: string }[] | undefined) {
  if (files === undefined) return html`<p>What was left out is not known.</p>`;
  if (files.length === 0) return html`<p>No image was left out.</p>`;
  const rows = files.slice(0, LISTED).map(
    ({ path, reason }) => html`<tr><td>${name(path)}</td><td>${reason}</td></tr>
`,
  );
  const more =
    files.length > LISTED ? html`<p>And ${grouped(files.length - LISTED)} more.</p>` : undefined;
  return html`<p>${plural(files.length, 'file')} could not be used.</p>
<div class="scroll" tabindex="0" role="group" aria-label="left out"><table><thead><tr><th scope="col">file</th><th scope="col">why</th></tr></thead><tbody>${rows}</tbody></table></div>${more}`;
}

function warnings(messages: readonly string[]): Markup | undefined {
  if (messages.length === 0) return undefined;
  return html`<h4>Warnings</h4><ul>${messages.map((each) => html`<li>${each}</li>`)}</ul>`;
}

function duplicates(split: SplitRecord, view: RunView): Markup {
  if (split.nearDuplicates === undefined) return html`<p>They were not looked for.</p>`;
  const groups = duplicateGroups(split);
  if (groups.length === 0) return html`<p>None were found.</p>`;
  const shown = groups.slice(0, GROUPS_SHOWN).map(
    ({ images, labels }) => html`<li><div class="pictures">${images
      .slice(0, IN_GROUP)
      .map(({ path }) => picture(view, path))}</div>
${labels.length > 1 ? html`<p class="wrong">labels differ: ${labels.join(', ')}</p>` : undefined}
${images.slice(0, IN_GROUP).map(({ path, side }) => html`<p class="path">${name(path)} (${side})</p>`)}
${images.length > IN_GROUP ? html`<p>and ${images.length - IN_GROUP} more</p>` : undefined}</li>
`,
  );
  const left = groups.length - shown.length;
  const crossing = groups.filter(({ labels }) => labels.length > 1).length;
  const differ =
    crossing === 0 ? 'all with one label' : `${grouped(crossing)} of them with different labels`;
  return html`<p>${plural(groups.length, 'group')} of images that show nearly the same, ${differ}. Each group is in one subset, so that none of it is measured after it was trained on.</p>
<ul class="gallery wide">${shown}</ul>
${left > 0 ? html`<p>${plural(left, 'other group')} not shown; split.json has the hashes of all.</p>` : undefined}`;
}
