import { styleText } from 'node:util';
import { hang, harmless, harmlessJson } from './width.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';
export type Paint = (style: Style, text: string) => string;

/** The terminal that a command writes to, and how it may write. */
export interface Terminal {
  /** The width of the result, in columns. */
  readonly width: number;
  readonly json: boolean;
  readonly quiet: boolean;
  /** Whether lines may be overwritten: only with a terminal on stderr, never in CI. */
  readonly animated: boolean;
  /** A text for a terminal, without the symbols that it cannot show. */
  readonly symbols: (text: string) => string;
  /** Paints what goes to stdout. */
  readonly paint: Paint;
  /** Paints what goes to stderr. */
  readonly paintError: Paint;
  /** The form of what is written to stderr: text, or one JSON object a line. */
  readonly log: LogFormat;
  /** A line on stderr. */
  note(line: string): void;
  /** An event on stderr, as a JSON object on one line, with the time. */
  record(event: LogRecord): void;
}

/** What a line of a JSON log says: its kind, and what belongs to that. */
export type LogRecord = { readonly type: string; readonly [key: string]: unknown };

export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface TerminalRequest {
  readonly log?: LogFormat;
  readonly json: boolean;
  readonly quiet: boolean;
  /** As the flag says; undefined: as the terminal and the environment say. */
  readonly color: boolean | undefined;
  readonly environment: NodeJS.ProcessEnv;
}

/** The width without a terminal: wide enough for tables, narrow enough for a log. */
const WIDTH_ELSEWHERE = 100;
const NARROWEST = 20;

export function openTerminal(request: TerminalRequest): Terminal {
  const { json, quiet, environment, log = 'text' } = request;
  const { stdout, stderr } = process;
  const columns = stdout.isTTY ? stdout.columns : stderr.isTTY ? stderr.columns : undefined;
  const dumb = environment.TERM === 'dumb';
  const symbols = showsUnicode(environment) ? (text: string) => text : asciiSymbols;
  return {
    width: Math.max(NARROWEST, columns || WIDTH_ELSEWHERE),
    json,
    quiet,
    animated: stderr.isTTY === true && !dumb && !isSet(environment.CI) && !quiet && log === 'text',
    symbols,
    paint: painter(colours(request, stdout.isTTY === true) && !json),
    paintError: painter(log === 'text' && colours(request, stderr.isTTY === true)),
    log,
    record,
    note: (text) => {
      if (log === 'json') record({ type: 'message', message: text.trim() });
      else stderr.write(`${forReading(harmless(text), symbols)}\n`);
    },
  };
}

function record(event: LogRecord): void {
  const text = harmlessJson({ time: new Date().toISOString(), ...event }, 0);
  process.stderr.write(`${text}\n`);
}

/** Wraps text for a terminal, which would break lines anywhere; a log is left as it is. */
function forReading(text: string, symbols: Terminal['symbols']): string {
  const { isTTY, columns } = process.stderr;
  if (isTTY !== true || !columns) return text;
  return symbols(text)
    .split('\n')
    .flatMap((line) => hang(line, Math.max(NARROWEST, columns)))
    .join('\n');
}

/**
 * Whether the locale, where one is named, has Unicode: POSIX lets the first of three variables decide. Without any
 * it is unknown, as in most containers, and their terminals have it.
 */
function showsUnicode({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  const locale = [LC_ALL, LC_CTYPE, LANG].find(isSet);
  return locale === undefined || /utf-?8/i.test(locale);
}

/** The symbols of tables and bars, each as one character of ASCII, so that columns stay where they are. */
const ASCII: Readonly<Record<string, string>> = {
  '…': '~',
  '·': '.',
  '█': '#',
  '░': '-',
  '±': '~',
};

const asciiSymbols = (text: string) =>
  text.replace(/[…·█░±]/g, (symbol) => ASCII[symbol] ?? symbol);

const isSet = (value: string | undefined) => value !== undefined && value !== '';

/** NO_COLOR (no-color.org) and FORCE_COLOR as most tools understand them; the flag wins. */
function colours({ color, environment }: TerminalRequest, isTerminal: boolean): boolean {
  if (color !== undefined) return color;
  if (isSet(environment.NO_COLOR)) return false;
  if (isSet(environment.FORCE_COLOR)) return environment.FORCE_COLOR !== '0';
  return isTerminal && environment.TERM !== 'dumb';
}

export function painter(enabled: boolean): Paint {
  if (!enabled) return (_style, text) => text;
  // The check of the stream is ours: Node's own knows neither our flag nor which stream is meant.
  return (style, text) => styleText(style, text, { validateStream: false });
}
