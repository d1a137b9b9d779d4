import inquirer from 'inquirer';
import { interruptedError } from '../../base/errors.ts';
import type { Terminal } from '../terminal.ts';
import type { Scroll } from './scroll.ts';
import { keyHelp, type Look, lookOf } from './theme.ts';

/** The answer that returns to the previous question. */
export const BACK = Symbol('back');
export type Back = typeof BACK;

export interface Choice<T> {
  readonly value: T;
  /** May have several lines. */
  readonly name: string;
  /** The text that is shown once the choice is made. */
  readonly short?: string;
}

/** A possible completion, or the reason why the path cannot be used. */
export type Found =
  | { readonly value: string; readonly description?: string }
  | { readonly problem: string };

export interface SelectQuestion<T> {
  readonly message: string;
  readonly choices: readonly Choice<T>[];
  /** The index of the choice that is selected at first. */
  readonly begin?: number;
  readonly back: boolean;
}

export interface SeveralQuestion {
  readonly message: string;
  readonly choices: readonly Choice<string>[];
  readonly chosen: readonly string[];
}

export interface TextQuestion {
  readonly message: string;
  readonly begin: string;
  readonly validate: (value: string) => Promise<true | string>;
}

export interface SearchQuestion extends TextQuestion {
  readonly source: (typed: string) => Promise<readonly Found[]>;
}

export interface Prompts {
  select<T>(question: SelectQuestion<T>): Promise<T | Back>;
  /** Selects several of some names; the result is in the order of the choices. */
  several(question: SeveralQuestion): Promise<readonly string[] | Back>;
  /** Asks for a text, with completions from `source`. */
  search(question: SearchQuestion): Promise<string | Back>;
  text(question: TextQuestion): Promise<string | Back>;
}

/** The number of lines of a list; the rest of the screen is for the question and its help. */
const pageSize = () => Math.max(5, (process.stdout.rows ?? 24) - 6);

/**
 * The prompts of the wizard. Each is erased when it is answered, and its answer stays as one line, so that
 * going back leaves no half-drawn list.
 */
export class TerminalPrompts implements Prompts {
  readonly #terminal: Pick<Terminal, 'paint' | 'symbols'>;
  readonly #scroll: Scroll;
  readonly #look: Look;

  constructor(terminal: Pick<Terminal, 'paint' | 'symbols'>, scroll: Scroll) {
    this.#terminal = terminal;
    this.#scroll = scroll;
    this.#look = lookOf(terminal);
  }

  async select<T>({ message, choices, begin = 0, back }: SelectQuestion<T>): Promise<T | Back> {
    const listed = choices.map(({ name }, at) => ({ name, value: at }));
    const way = back ? [{ name: this.#look.back, value: -1 }] : [];
    const at = await ask<number>({
      type: 'select',
      message,
      choices: [...listed, ...way],
      default: begin,
      loop: false,
      pageSize: pageSize(),
      theme: this.#theme(['UP/DOWN moves', 'ENTER takes', ...(back ? ['esc goes back'] : [])]),
    });
    const choice = at === BACK ? undefined : choices[at];
    if (choice === undefined) return BACK;
    this.#answered(message, choice.short ?? choice.name);
    return choice.value;
  }

  async several({ message, choices, chosen }: SeveralQuestion): Promise<readonly string[] | Back> {
    const listed = choices.map(({ value, name }) => ({
      name,
      value,
      short: value,
      checked: chosen.includes(value),
    }));
    const names = await ask<string[]>({
      type: 'checkbox',
      message,
      choices: listed,
      loop: false,
      pageSize: pageSize(),
      theme: this.#theme(['space picks', 'ENTER takes', 'esc goes back']),
    });
    if (names !== BACK) this.#answered(message, names.length === 0 ? 'nothing' : names.join(', '));
    return names;
  }

  async search({ message, begin, source, validate }: SearchQuestion): Promise<string | Back> {
    const value = await ask<string>({
      type: 'search',
      message,
      initialValue: begin,
      pageSize: Math.min(8, pageSize()),
      source: async (typed: string | undefined) => (await source(typed ?? '')).map(listedPlace),
      theme: this.#theme(['UP/DOWN moves', 'tab completes', 'ENTER takes']),
      validate,
    });
    if (value !== BACK) this.#answered(message, value);
    return value;
  }

  async text({ message, begin, validate }: TextQuestion): Promise<string | Back> {
    const theme = this.#theme([]);
    const value = await ask<string>({ type: 'input', message, default: begin, validate, theme });
    if (value !== BACK) this.#answered(message, value);
    return value;
  }

  #theme(keys: readonly string[]) {
    const { theme } = this.#look;
    const help = keyHelp(this.#look, keys);
    const keysHelpTip = () => this.#terminal.paint('dim', help);
    return { ...theme, style: { ...theme.style, keysHelpTip } };
  }

  #answered(message: string, answer: string): void {
    const { paint } = this.#terminal;
    const mark = paint('green', this.#look.done);
    this.#scroll.say([`${mark} ${paint('bold', message)} ${answer}`]);
  }
}

/** A list entry; a problem becomes a choice that cannot be selected. */
function listedPlace(found: Found) {
  return 'problem' in found ? { value: '', name: '>', disabled: found.problem } : found;
}

interface Question {
  readonly type: 'select' | 'checkbox' | 'search' | 'input';
  readonly message: string;
  readonly [option: string]: unknown;
}

type AskOne = (question: Question & { readonly name: 'answer' }) => Promise<{ answer: unknown }>;

/** Asks one question; Escape means back. @throws VggtuneError (interrupted) on Ctrl-C */
async function ask<T>(question: Question): Promise<T | Back> {
  const controller = new AbortController();
  const onKey = (_text: string, key: { readonly name?: string } | undefined) => {
    if (key?.name === 'escape') controller.abort();
  };
  const module = inquirer.createPromptModule({
    signal: controller.signal,
    clearPromptOnDone: true,
  });
  process.stdin.on('keypress', onKey);
  try {
    // The types of inquirer tie an answer to its literal question; here the caller knows it.
    const { answer } = await (module as unknown as AskOne)({ ...question, name: 'answer' });
    return answer as T;
  } catch (error) {
    if (controller.signal.aborted) return BACK;
    if (error instanceof Error && error.name === 'ExitPromptError') throw left();
    throw error;
  } finally {
    process.stdin.off('keypress', onKey);
  }
}

function left(): Error {
  return interruptedError('the wizard was left', { fix: 'nothing was written; start it again' });
}
