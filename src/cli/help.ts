import type { Field } from '../config/fields.ts';
import type { Command, Option } from './command.ts';
import { COMMANDS } from './command-list.ts';
import { GLOBAL_OPTIONS } from './global-options.ts';
import type { Paint } from './terminal.ts';
import { displayWidth, hang, pad, wrap } from './width.ts';

/** How help is laid out. */
export interface HelpStyle {
  readonly width: number;
  readonly paint: Paint;
}

type Row = readonly [string, string];
interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

export const EXIT_CODES: readonly Row[] = [
  ['0', 'done'],
  ['1', 'a bug in vggtune'],
  ['2', 'a bad flag or config'],
  ['3', 'bad data: a folder, an image, a file of weights, a full disk'],
  ['4', 'a gate was missed (--fail-if)'],
  ['5', 'an engine, a device or published weights are not available'],
  ['130', 'interrupted; the message says how to go on'],
];

/** What `vggtune --help` prints. It loads no command. */
export function generalHelp(version: string, style: HelpStyle): string {
  const groups = [...new Set(COMMANDS.map(({ group }) => group))];
  const sections = [
    ...groups.map((title) => ({
      title,
      rows: COMMANDS.filter(({ group }) => group === title).map(
        ({ name, summary }): Row => [name, summary],
      ),
    })),
    {
      title: 'Everywhere',
      rows: [...GLOBAL_OPTIONS.map(optionRow), ['--version', 'show the version'] as const],
    },
    {
      title: 'Examples',
      rows: [
        ['vggtune demo', 'see it work'],
        ['vggtune train photos', 'photos/cats/*.jpg, photos/dogs/*.jpg, ...'],
        ['vggtune predict runs/photos-head new/', 'use what was trained'],
      ] as const,
    },
    { title: 'Exit codes', rows: EXIT_CODES },
  ];
  return [
    ...wrap(`vggtune ${version}: fine-tune VGG networks on a folder of images`, style.width),
    '',
    'Usage: vggtune COMMAND [flags]',
    ...sections.flatMap((section) => ['', ...sectionLines(section, style)]),
    '',
    ...wrap('vggtune COMMAND --help tells more about a command.', style.width),
  ].join('\n');
}

/** What `vggtune COMMAND --help` prints. */
export function commandHelp(command: Command, fields: readonly Field[], style: HelpStyle): string {
  const sections: Section[] = [
    { title: 'Flags', rows: command.options.map(optionRow) },
    ...fieldSections(fields),
    { title: 'Everywhere', rows: GLOBAL_OPTIONS.map(optionRow) },
    { title: 'Examples', rows: command.examples },
  ];
  const shown = sections.filter(({ rows }) => rows.length > 0);
  return [
    `Usage: vggtune ${command.usage}`,
    '',
    ...paragraphs(command.description).flatMap((text) =>
      text.startsWith(' ') ? hang(text, style.width) : wrap(text, style.width),
    ),
    ...shown.flatMap((section) => ['', ...sectionLines(section, style)]),
  ].join('\n');
}

/**
 * The lines of a description as paragraphs: they end where the columns of the source do, which are not those of the
 * terminal. Empty lines divide paragraphs; an indented line is an entry of a list, and a line of its own.
 */
const paragraphs = (text: string): string[] => text.replace(/(?<=\S)\n(?=\S)/g, ' ').split('\n');

const WIDEST_NAME = 34;
const NARROWEST_TEXT = 30;

/** Lays out names on the left with texts beside them; on a narrow terminal the texts follow below. */
function sectionLines({ title, rows }: Section, { width, paint }: HelpStyle): string[] {
  const longest = Math.max(0, ...rows.map(([name]) => displayWidth(name)));
  const column = Math.min(longest, WIDEST_NAME) + 4;
  const beside = width - column >= NARROWEST_TEXT;
  const lines = rows.flatMap(([name, text]) => {
    const indent = ' '.repeat(beside ? column : 6);
    const [first = '', ...others] = wrap(text, width - indent.length);
    const below = others.map((line) => indent + line);
    if (!beside || displayWidth(name) > column - 4) {
      return [`  ${name}`, indent + first, ...below];
    }
    return [`  ${pad(name, column - 2)}${first}`, ...below];
  });
  return [paint('bold', `${title}:`), ...lines];
}

function optionRow(option: Option): Row {
  const short = option.alias === undefined ? '' : `-${option.alias}, `;
  const value = option.kind === 'boolean' ? '' : ` ${option.value ?? 'VALUE'}`;
  const choices = option.choices === undefined ? '' : ` (${option.choices.join(', ')})`;
  return [`${short}--${option.name}${value}`, option.description + choices];
}

const GROUP_TITLES: Readonly<Record<string, string>> = {
  main: 'Settings',
  head: 'Head',
  image: 'Images',
  split: 'Split',
  optimizer: 'Optimizer',
  schedule: 'Schedule',
  earlyStop: 'Early stopping',
  augment: 'Augmentation',
};

function fieldSections(fields: readonly Field[]): Section[] {
  const groupOf = (field: Field) => (field.path in GROUP_TITLES ? field.path : field.group);
  const groups = [...new Set(fields.map(groupOf))];
  const order = Object.keys(GROUP_TITLES).filter((group) => groups.includes(group));
  return [...order, ...groups.filter((group) => !order.includes(group))].map((group) => ({
    title: GROUP_TITLES[group] ?? group,
    rows: fields.filter((field) => groupOf(field) === group).map(fieldRow),
  }));
}

function fieldRow(field: Field): Row {
  const names = [...field.aliases, field.flag].map((name) => `--${name}`).join(', ');
  return [`${names}${placeholder(field)}`, describe(field)];
}

/** The schema's description, with null written as a flag takes it. */
function describe(field: Field): string {
  return field.description.replace('null:', `${field.nullWord}:`) + valuesOf(field);
}

const PLACEHOLDERS = {
  text: ' TEXT',
  number: ' NUMBER',
  integer: ' N',
  boolean: '',
  choice: ' NAME',
  numbers: ' A,B',
  choices: ' A,B',
  switch: ' none',
} as const;

/** What the text of a setting is, where it is more than a text. */
const TEXTS: Readonly<Record<string, string>> = {
  data: 'FOLDER',
  decisions: 'FILE',
  out: 'FOLDER',
  weights: 'FILE',
  weightsPreprocessing: 'NAME',
  freeze: 'LAYER',
  checkpointEvery: 'TIME',
  device: 'NAME',
  'image.background': 'COLOUR',
  'advise.budget': 'TIME',
};

const placeholder = ({ path, kind }: Field) =>
  kind === 'text' && path in TEXTS ? ` ${TEXTS[path]}` : PLACEHOLDERS[kind];

function valuesOf(field: Field): string {
  const parts: string[] = [];
  if (field.choices.length > 0) parts.push(field.choices.join(', '));
  const { fallback } = field;
  if (fallback !== undefined && fallback !== null && !Array.isArray(fallback)) {
    parts.push(`default ${String(fallback)}`);
  }
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}
