/** HTML that may stand in a page as it is. Only `html` and `trusted` make it, so that every other text is escaped. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Part = Markup | string | number | undefined | readonly (Markup | undefined)[];

/** A template of HTML: what is put in is escaped, in texts and in quoted attributes, unless it is markup itself. */
export function html(parts: TemplateStringsArray, ...values: readonly Part[]): Markup {
  const texts = parts.map((part, at) => part + (at < values.length ? rendered(values[at]) : ''));
  return new Markup(texts.join(''));
}

/** Takes a text for markup: one that a library has made of numbers, or one that belongs to us. */
export const trusted = (text: string) => new Markup(text);

function rendered(value: Part): string {
  if (value === undefined) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(rendered).join('');
  return escaped(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Characters that no text of a page should hold: controls, and lone halves of surrogate pairs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a file's name may hold them
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]|\p{Surrogate}/gu;

export function escaped(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd').replace(/[&<>"']/g, (found) => ENTITIES[found] ?? '');
}

/**
 * A value as JSON for a `<script type="application/json">`, in which nothing can end the script or begin a comment.
 */
export function jsonMarkup(value: unknown): Markup {
  const text = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return new Markup(text);
}
