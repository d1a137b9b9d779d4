import { codeSpan, plainText } from './markdown.ts';
import { type ExportModel, resizeRule } from './model.ts';
import { IMAGE_IMPORT, pixelsFunction } from './python-image.ts';

export interface ReadmeParts {
  readonly title: string;
  /** What of the preprocessing is inside the model. */
  readonly inside: string;
  /** Markdown: how to load it, in the language of the format. */
  readonly body: string;
}

/** The README.md of an export: how to load it, what it takes, how good it is, whose it is. */
export function readme(model: ExportModel, { title, inside, body }: ReadmeParts): string {
  const { network, labels, run, provenance, background } = model;
  const shown = labels.slice(0, 20).map(codeSpan).join(', ') + (labels.length > 20 ? ', ...' : '');
  const decode = pixelsFunction(model);
  const python = `import numpy as np\n${IMAGE_IMPORT}\n\n\n${decode}`;
  const decoding = body.includes(decode) ? '' : ` In Python:\n\n${code('python', python)}`;
  return `# ${plainText(run.name)}: ${title}

${network.backbone} with the head \`${network.head}\`, fine-tuned by vggtune (strategy ${codeSpan(run.strategy)}) for ${labels.length} classes: ${shown}. All names are in \`labels.json\`, in the order of the outputs; everything else about the model is in \`model-card.json\`.

## Load it

${body}

## Preprocessing

Inside the model: ${inside}.

Outside the model, as \`vggtune predict\` does it: ${resizeRule(network.preprocessing)}. Transparent pixels lie on ${background}.${decoding}

## Figures

Measured on the ${plainText(run.side)} images of the run:

${table(run.metrics)}

## Provenance of the backbone

${list(provenance)}
`;
}

export function code(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

function table(metrics: Readonly<Record<string, number>>): string {
  const rows = Object.entries(metrics).map(
    ([name, value]) => `| ${plainText(name)} | ${Number(Number(value).toPrecision(5))} |`,
  );
  if (rows.length === 0) return 'None were recorded.';
  return ['| metric | value |', '| --- | --- |', ...rows].join('\n');
}

function list(facts: Readonly<Record<string, string>>): string {
  const rows = Object.entries(facts).map(
    ([name, value]) => `- ${plainText(name)}: ${plainText(value)}`,
  );
  return rows.length === 0 ? 'Trained from random weights.' : rows.join('\n');
}
