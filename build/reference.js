/**
 * Writes the pages of docs/reference, every command and every setting, from what the program itself knows:
 *
 *   npm run docs:reference
 *
 * A test fails where a page is not what this would write.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NOTE = '<!-- Made from the code by `npm run docs:reference`; changes belong there. -->\n';

/** A cell of a table: a line, in which a bar is no border. */
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (text) => `\`${text}\``;

function table(headers, rows) {
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(headers), line(headers.map(() => '---')), ...rows.map(line)].join('\n');
}

/** `--top N`, or `-c FILE` beside it. */
function optionNames({ name, alias, kind, value }) {
  const what = kind === 'boolean' ? '' : ` ${value ?? 'VALUE'}`;
  const short = alias === undefined ? [] : [code(`-${alias}${what}`)];
  return [...short, code(`--${name}${what}`)].join(' ');
}

function optionRow(option) {
  const choices = option.choices === undefined ? '' : ` (${option.choices.map(code).join(', ')})`;
  return [optionNames(option), option.description + choices];
}

/**
 * The page of commands.
 * @param commands rows of the list of commands, each with its `command`
 */
export function commandsPage({ commands, globals, exitCodes }) {
  const groups = [...new Set(commands.map(({ group }) => group))];
  const parts = groups.flatMap((group) => [
    `## ${group}\n`,
    ...commands.filter((row) => row.group === group).map(commandPart),
  ]);
  return `${NOTE}
# Commands

${groups
  .flatMap((group) => commands.filter((row) => row.group === group))
  .map(({ name, summary }) => `- [${name}](#${name}): ${summary}`)
  .join('\n')}

\`vggtune\` alone asks what to do, on a terminal. \`vggtune COMMAND --help\` prints what stands here.

${parts.join('\n')}
## Flags of every command

${table(['flag', 'what it does'], globals.map(optionRow))}

## Exit codes

${table(['code', 'when'], exitCodes)}
`;
}

function commandPart({ name, summary, command }) {
  const { usage, description, options, examples, takesConfig } = command;
  const settings =
    takesConfig === true ? '\nEvery setting is a flag as well: [settings](settings.md).\n' : '';
  const flags =
    options.length === 0 ? '' : `\n${table(['flag', 'what it does'], options.map(optionRow))}\n`;
  const widest = Math.max(0, ...examples.map(([line]) => line.length));
  const shown =
    examples.length === 0
      ? ''
      : `\n\`\`\`text\n${examples.map(([line, what]) => `${line.padEnd(widest)}  # ${what}`).join('\n')}\n\`\`\`\n`;
  return `### ${name}

${sentence(summary)}

\`\`\`text
vggtune ${usage}
\`\`\`

${prose(description)}
${settings}${flags}${shown}`;
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** A description as paragraphs of Markdown: words in capitals and flags stay as they are, brackets are no links, indented
 * lines are a list. */
const prose = (text) => text.replaceAll('<', '\\<').replaceAll('[', '\\[').replace(/^ +/gm, '- ');

const GROUPS = {
  main: 'The run',
  head: 'Head',
  image: 'Images',
  split: 'Split',
  advise: 'Choosing the strategy',
  optimizer: 'Optimizer',
  schedule: 'Schedule',
  earlyStop: 'Early stopping',
  augment: 'Augmentation',
};

const VALUES = {
  text: 'text',
  number: 'number',
  integer: 'whole number',
  boolean: 'true, false',
  choice: '',
  numbers: 'two numbers',
  choices: 'list of texts',
  switch: 'group',
};

/** A setting's row: key, flags, values, default, meaning. */
export function settingRow({
  path,
  flag,
  aliases,
  kind,
  choices,
  nullable,
  fallback,
  description,
}) {
  const values = choices.length > 0 ? choices.join(', ') : VALUES[kind];
  return [
    code(path),
    [...aliases, flag].map((name) => code(`--${name}`)).join(' '),
    nullable ? `${values}, null` : values,
    fallback === undefined ? '' : code(JSON.stringify(fallback)),
    description,
  ];
}

/**
 * The page of settings.
 * @param strategies of each network that is shown, what its strategies set: `{ head: config, ... }`
 */
export function settingsPage({ fields, strategies }) {
  const groupOf = ({ group, path }) => (path in GROUPS ? path : group);
  const groups = Object.keys(GROUPS).map((group) => [
    group,
    fields.filter((field) => groupOf(field) === group),
  ]);
  const known = groups.flatMap(([, some]) => some).length;
  if (known !== fields.length) throw new Error('a setting is in no group: add its group to GROUPS');
  const parts = groups.map(
    ([group, some]) => `## ${GROUPS[group]}

${table(['key', 'flags', 'values', 'default', 'what it is'], some.map(settingRow))}
`,
  );
  const values = Object.entries(strategies).map(
    ([backbone, configs]) => `### ${backbone}

${strategyTable(fields, configs)}
`,
  );
  return `${NOTE}
# Settings, one by one

Every setting as a key of a config file and as a flag. The variable is any of the flags in capitals:
\`--optimizer.learning-rate\` is \`VGGTUNE_OPTIMIZER_LEARNING_RATE\` or, for short, \`VGGTUNE_LR\`. Where no default is
given, the strategy gives the value, as [below](#what-the-strategies-set). Where values come from, and which goes over which:
[config.md](../config.md).

${parts.join('\n')}
## What the strategies set

The values that differ from strategy to strategy, before any preset, file or flag.

${values.join('\n')}`;
}

function strategyTable(fields, configs) {
  const names = Object.keys(configs);
  const rows = fields
    .filter(({ kind, path }) => kind !== 'switch' && !['strategy', 'out'].includes(path))
    .map(({ path }) => [path, names.map((name) => valueAt(configs[name], path))])
    .filter(([, values]) => new Set(values).size > 1)
    .map(([path, values]) => [
      code(path),
      ...values.map((value) => (value === '' ? '' : code(value))),
    ]);
  return table(['key', ...names], rows);
}

/** The value of a key as JSON; nothing where its group is turned off. */
function valueAt(config, path) {
  const value = path.split('.').reduce((group, key) => group?.[key], config);
  return value === undefined ? '' : JSON.stringify(value);
}

/** What the pages are made of, by some modules of the program, from `src` or from `dist`. */
export async function pages({ list, help, global, fields, settings, schema }) {
  const commands = await Promise.all(
    list.COMMANDS.map(async (row) => ({ ...row, command: await row.load() })),
  );
  const strategiesOf = (backbone) =>
    Object.fromEntries(
      schema.STRATEGIES.map((strategy) => {
        const given = settings.Settings.of({
          origin: 'reference',
          values: { data: '.', backbone },
        });
        return [strategy, given.instead(strategy).for(strategy)];
      }),
    );
  return {
    'docs/reference/commands.md': commandsPage({
      commands,
      globals: global.GLOBAL_OPTIONS,
      exitCodes: help.EXIT_CODES.map(([number, text]) => [number, text]),
    }),
    'docs/reference/settings.md': settingsPage({
      fields: fields.CONFIG_FIELDS,
      strategies: { vgg16: strategiesOf('vgg16'), 'vgg-nano': strategiesOf('vgg-nano') },
    }),
  };
}

/** The modules that the pages are made of, loaded by a function that takes their paths in the source. */
export async function modules(load) {
  const [list, help, global, fields, settings, schema] = await Promise.all(
    [
      'cli/command-list',
      'cli/help',
      'cli/global-options',
      'config/fields',
      'config/settings',
      'config/schema',
    ].map(load),
  );
  return { list, help, global, fields, settings, schema };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const load = (path) => import(new URL(`../dist/${path}.js`, import.meta.url));
  for (const [path, text] of Object.entries(await pages(await modules(load)))) {
    writeFileSync(new URL(`../${path}`, import.meta.url), text);
  }
}
