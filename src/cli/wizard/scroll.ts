import { displayWidth, wrap } from '../width.ts';

/** Up by so many rows, to the first column, and everything from there on erased (ECMA-48). */
const eraseAbove = (rows: number) => `\u001b[${rows}A\r\u001b[J`;

export interface Screen {
  readonly columns: number;
  write(text: string): void;
}

const stdout: Screen = {
  get columns() {
    return process.stdout.columns ?? 80;
  },
  write: (text) => void process.stdout.write(text),
};

/** What the wizard has said so far, which it can take back: going back leaves no answer that does not hold any more. */
export class Scroll {
  readonly #symbols: (text: string) => string;
  readonly #screen: Screen;
  #rows = 0;

  /** @param symbols a text as the terminal can show it */
  constructor(symbols: (text: string) => string, screen: Screen = stdout) {
    this.#symbols = symbols;
    this.#screen = screen;
  }

  /** Writes lines of prose, wrapped to the terminal; indented lines are commands and stay whole. */
  say(lines: readonly string[]): void {
    const { columns } = this.#screen;
    for (const line of lines) {
      for (const part of line.startsWith('  ') ? [line] : wrap(this.#symbols(line), columns)) {
        this.#screen.write(`${part}\n`);
        this.#rows += Math.max(1, Math.ceil(displayWidth(part) / columns));
      }
    }
  }

  /** The number of rows that were written. */
  get mark(): number {
    return this.#rows;
  }

  /** Takes back what was said since a mark. What has left the screen at its top stays. */
  backTo(mark: number): void {
    if (this.#rows > mark) this.#screen.write(eraseAbove(this.#rows - mark));
    this.#rows = mark;
  }
}
