import yargs from 'yargs';
import { expandHome } from '../base/home.ts';
import { didYouMean } from '../base/suggest.ts';
import { CONFIG_FIELDS, type Field } from '../config/fields.ts';
import type { ConfigIssue } from '../config/issues.ts';
import type { Given } from '../config/texts.ts';
import type { Arguments, Command, Option } from './command.ts';
import { GLOBAL_OPTIONS, NO_INPUT } from './global-options.ts';
import { otherFlag } from './other-names.ts';

/** Parses the words after a command. Values stay strings: the schema says what they mean. */
export function parseArguments(command: Command, words: readonly string[]): Arguments {
  const options = [...command.options, ...GLOBAL_OPTIONS];
  const fields = command.takesConfig === true ? CONFIG_FIELDS : [];
  const parsed = parseWords(words, options, fields);
  // A path in quotes is left to us, and so is every one by the shells of Windows.
  const positionals = parsed._.map((word) => expandHome(String(word)));
  const pathOf = <T extends string | undefined>(name: string, value: T) =>
    value !== undefined && isPath(options, name) ? expandHome(value) : value;
  const config = fields.flatMap((field) => givenOf(field, parsed));
  return {
    positionals,
    config: config.filter(({ text }) => text !== ''),
    text: (name) => pathOf(name, textOf(last(parsed[name]))),
    flag: (name) => last(parsed[name]) === true,
    has: (name) => parsed[name] !== undefined,
    list: (name) => [parsed[name] ?? []].flat().map((value) => pathOf(name, String(value))),
    issues: [
      ...unknownFlags(parsed, { options, fields, command: command.usage.split(' ')[0] ?? '' }),
      ...optionIssues(parsed, options),
      ...twoDevices(parsed),
      ...config.filter(({ text }) => text === '').map(({ name }) => withoutValue(name)),
      ...positionalIssues(command, positionals),
    ],
  };
}

/** Options whose value is a file or a folder, recognised by the word for it in the help. */
const PATHS: readonly (string | undefined)[] = ['FOLDER', 'FILE', 'RUN'];

const isPath = (options: readonly Option[], name: string) =>
  PATHS.includes(options.find((option) => option.name === name)?.value);

type Words = Readonly<Record<string, unknown>> & { readonly _: readonly (string | number)[] };

function parseWords(
  words: readonly string[],
  options: readonly Option[],
  fields: readonly Field[],
): Words {
  const names = (kinds: readonly Option['kind'][]) =>
    options.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);
  const booleans = fields.filter(({ kind }) => kind === 'boolean');
  const texts = fields.filter(({ kind }) => kind !== 'boolean');
  const flags = (of: readonly Field[]) => of.flatMap(({ flag, aliases }) => [flag, ...aliases]);
  const aliases = options.flatMap(({ name, alias }) =>
    alias === undefined ? [] : [[name, alias]],
  );
  const takesValue = new Set(names(['text', 'list']).map((name) => `--${name}`));
  return yargs(prepared(words, takesValue))
    .help(false)
    .version(false)
    .exitProcess(false)
    .detectLocale(false)
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .string([...names(['text']), ...flags(texts)])
    .boolean([...names(['boolean']), ...flags(booleans)])
    .array(names(['list']))
    .string(names(['list']))
    .alias(Object.fromEntries(aliases))
    .parseSync() as unknown as Words;
}

/** `--out -` as `--out=-`, since the parser takes a dash alone for a word of its own; and no `--no-input`. */
function prepared(words: readonly string[], flags: ReadonlySet<string>): string[] {
  const end = words.indexOf('--');
  return words.flatMap((word, at) => {
    const isAsked = end === -1 || at < end;
    if (word === `--${NO_INPUT}` && isAsked) return [];
    const before = words[at - 1] ?? '';
    if (word === '-' && isAsked && flags.has(before)) return [];
    return words[at + 1] === '-' && isAsked && flags.has(word) ? [`${word}=-`] : [word];
  });
}

/** The last of several values, as most tools have it. */
const last = (value: unknown) => (Array.isArray(value) ? value.at(-1) : value);
const textOf = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

function givenOf(field: Field, parsed: Words): Given[] {
  return [field.flag, ...field.aliases].flatMap((name) => {
    const value = last(parsed[name]);
    if (value === undefined) return [];
    const shown = value === false ? `--no-${name}` : `--${name}`;
    // `--no-lr` is a text flag without a text.
    const text = field.kind === 'boolean' || value !== false ? String(value) : '';
    return [{ field, text, name: shown }];
  });
}

function withoutValue(flag: string): ConfigIssue {
  return { path: '', where: flag, message: 'needs a value', fix: `${flag} VALUE` };
}

/** The issue of `--no-NAME` for a flag that takes a value; perhaps another flag was meant. */
function cannotBeOff(name: string): ConfigIssue {
  const meant = CONFIG_FIELDS.find(
    ({ kind, flag }) => kind === 'boolean' && flag.endsWith(`-${name}`),
  );
  const fix = meant === undefined ? `leave --${name} out` : `did you mean --no-${meant.flag}?`;
  return { path: '', where: `--no-${name}`, message: `--${name} takes a value`, fix };
}

function optionIssues(parsed: Words, options: readonly Option[]): ConfigIssue[] {
  return options.flatMap(({ name, kind, choices, valueOptional = false }) => {
    const values = [parsed[name] ?? []].flat();
    if (kind === 'boolean') return [];
    if (values.includes(false)) return [cannotBeOff(name)];
    const given = parsed[name] !== undefined;
    const empty = given && (values.length === 0 || values.includes(''));
    if (empty && !valueOptional) return [withoutValue(`--${name}`)];
    const wrong = values.map(String).find((value) => choices?.includes(value) === false);
    if (wrong === undefined || choices === undefined) return [];
    const expected = `one of ${choices.join(', ')}`;
    const issue = { path: '', where: `--${name}`, message: 'not a possible value', expected };
    const fix = didYouMean(wrong, choices);
    return [{ ...issue, found: wrong, ...(fix !== undefined && { fix }) }];
  });
}

/** A device never becomes another one, not even by a flag that is given twice. */
function twoDevices({ device }: Words): ConfigIssue[] {
  const found = [...new Set([device ?? []].flat())].join(' and ');
  if (!found.includes(' and ')) return [];
  const message = 'two devices are named';
  return [{ path: '', where: '--device', message, expected: 'one device', found }];
}

function unknownFlags(
  parsed: Words,
  of: {
    readonly options: readonly Option[];
    readonly fields: readonly Field[];
    readonly command: string;
  },
): ConfigIssue[] {
  const { options, fields, command } = of;
  const known = [
    ...options.flatMap(({ name, alias }) => [name, ...(alias === undefined ? [] : [alias])]),
    ...fields.flatMap(({ flag, aliases }) => [flag, ...aliases]),
  ];
  const given = Object.keys(parsed).filter((name) => name !== '_' && name !== '$0');
  return given
    .filter((name) => !known.includes(name))
    .map((name) => {
      const dashes = name.length === 1 ? '-' : '--';
      const where = parsed[name] === false ? `--no-${name}` : `${dashes}${name}`;
      const meant = didYouMean(name, known)?.replace(/"(.*)"/, '--$1');
      // A name of another tool is known for sure; a misspelling is a guess.
      const fix = otherFlag(name, command) ?? meant ?? '--help lists all flags';
      return { path: '', where, message: 'unknown flag', fix };
    });
}

function positionalIssues(command: Command, given: readonly string[]): ConfigIssue[] {
  const { least, most, what } = command.positionals;
  const usage = `vggtune ${command.usage}`;
  if (given.length < least) {
    return [{ path: '', where: '', message: `missing: ${what}`, fix: `usage: ${usage}` }];
  }
  if (given.length <= most) return [];
  const extra = given.slice(most).join(' ');
  const message = `too many words: ${extra}`;
  return [{ path: '', where: '', message, fix: `usage: ${usage}` }];
}
