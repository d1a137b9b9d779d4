import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { html, type Markup, trusted } from './markup.ts';
import { GENERATOR } from './own-page.ts';

/** The styles and the scripts of pages, which become part of them. */
const ASSETS = new URL('../../assets/report/', import.meta.url);

export interface PageRequest {
  readonly title: string;
  readonly heading: Markup;
  readonly body: Markup;
  /** Names of the assets. */
  readonly files: { readonly styles: readonly string[]; readonly script?: string };
}

/**
 * A page with all that it needs inside. Its policy lets it load nothing and run no script but its own, whatever stands
 * in the names of files.
 */
export async function pageShell({ title, heading, body, files }: PageRequest): Promise<string> {
  const read = (file: string) => readFile(new URL(file, ASSETS), 'utf8');
  const script = files.script === undefined ? undefined : await read(files.script);
  const styles = await Promise.all(files.styles.map(read));
  const scripts = script === undefined ? "'none'" : `'sha256-${sha256(script)}'`;
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src ${scripts}; base-uri 'none'; form-action 'none'`;
  const scriptPart =
    script === undefined
      ? undefined
      : html`<script>${trusted(script)}</script>
`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="${GENERATOR}">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title} - vggtune</title>
<style>${styles.map(trusted)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header><h1>${heading}</h1></header>
${body}${scriptPart}</body>
</html>
`;
  return page.text;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64');
