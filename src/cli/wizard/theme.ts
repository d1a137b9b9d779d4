import type { Terminal } from '../terminal.ts';

/** How prompts look, where it differs from what inquirer has for a terminal with colours and Unicode. */
export interface Look {
  /** The mark before an answer. */
  readonly done: string;
  readonly back: string;
  readonly separator: string;
  readonly upAndDown: string;
  readonly enter: string;
  readonly theme: { readonly style: object; readonly [part: string]: unknown };
}

const UNICODE = { done: '✔', back: '← back', separator: ' • ', upAndDown: '↑↓', enter: '⏎' };
const ASCII = { done: '*', back: '< back', separator: ', ', upAndDown: 'up/down', enter: 'enter' };

/** The marks of inquirer, as ASCII. */
const ASCII_MARKS = {
  icon: {
    cursor: '>',
    checked: '[x]',
    unchecked: '[ ]',
    disabledChecked: '[x]',
    disabledUnchecked: '-',
  },
  spinner: { interval: 200, frames: ['|', '/', '-', '\\'] },
};

const same = (text: string) => text;

/** inquirer paints by functions of Node.js that know neither our flag nor, before Node.js 22, NO_COLOR. */
const UNPAINTED = {
  answer: same,
  message: same,
  error: (text: string) => `> ${text}`,
  defaultAnswer: (text: string) => `(${text})`,
  help: same,
  highlight: same,
  key: (text: string) => `<${text}>`,
  searchTerm: same,
  description: same,
};

/** How prompts look on a terminal: without Unicode or colours where it has none, or was told to have none. */
export function lookOf({ paint, symbols }: Pick<Terminal, 'paint' | 'symbols'>): Look {
  const hasUnicode = symbols('·') === '·';
  const hasColours = paint('bold', 'x') !== 'x';
  const glyphs = hasUnicode ? UNICODE : ASCII;
  const plainMarks = hasUnicode && hasColours ? {} : { prefix: { idle: '?', done: glyphs.done } };
  const checks = { checked: '◉', unchecked: '◯', cursor: '❯' };
  return {
    ...glyphs,
    theme: {
      ...plainMarks,
      ...(hasUnicode ? (hasColours ? {} : { icon: checks }) : ASCII_MARKS),
      style: {
        ...(hasColours ? {} : UNPAINTED),
        disabled: (text: string) => paint('red', text),
      },
    },
  };
}

/** What the keys do: `↑↓ moves • ⏎ takes`. */
export function keyHelp(look: Look, keys: readonly string[]): string {
  const named = keys.map((key) =>
    key.replace('UP/DOWN', look.upAndDown).replace('ENTER', look.enter),
  );
  return named.join(look.separator);
}
