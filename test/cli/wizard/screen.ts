import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';

/** The keys that the wizard is driven by. */
export const KEYS = {
  enter: '\r',
  tab: '\t',
  escape: '\u001b',
  interrupt: '\u0003',
  up: '\u001b[A',
  down: '\u001b[B',
  backspace: '\u007f',
} as const;

const PROGRAM = fileURLToPath(new URL('../../../bin/vggtune.js', import.meta.url));

export interface ScreenOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

/** The real program in a real pseudo-terminal, and what a person would see of it. */
export function openScreen(words: readonly string[], options: ScreenOptions) {
  return openProgram(process.execPath, [PROGRAM, ...words], options);
}

/** Any program in a pseudo-terminal. */
export function openProgram(file: string, words: readonly string[], options: ScreenOptions) {
  const { cwd, columns: cols = 80, rows = 60 } = options;
  const { CI: _ci, FORCE_COLOR: _colour, ...inherited } = process.env;
  const env = { ...inherited, TERM: 'xterm-256color', ...options.env };
  const program = spawn(file, [...words], { cwd, env, cols, rows });
  const terminal = new xterm.Terminal({ cols, rows, scrollback: 2000, allowProposedApi: true });
  let code: number | undefined;
  let title = '';
  let written = '';
  program.onData((data) => {
    written += data;
    terminal.write(data);
  });
  terminal.onTitleChange((text) => {
    title = text;
  });
  program.onExit(({ exitCode }) => {
    code = exitCode;
  });

  const lines = () => {
    const { buffer } = terminal;
    const all = Array.from({ length: buffer.active.length }, (_, at) =>
      (buffer.active.getLine(at)?.translateToString(true) ?? '').trimEnd(),
    );
    return all.slice(0, all.findLastIndex((line) => line !== '') + 1);
  };

  /** Lines that were wider than the screen, so that the terminal broke them where it liked. */
  const broken = () => {
    const { active } = terminal.buffer;
    const wrapped = (at: number) => active.getLine(at)?.isWrapped === true;
    const starts = lines().flatMap((_, at) => (wrapped(at + 1) && !wrapped(at) ? [at] : []));
    return starts.map((start) => {
      let text = '';
      for (let at = start; at === start || wrapped(at); at++)
        text += active.getLine(at)?.translateToString(false) ?? '';
      return text.trimEnd();
    });
  };

  async function until<T>(what: string, found: () => T | undefined, seconds = 30): Promise<T> {
    const end = performance.now() + seconds * 1000;
    for (;;) {
      const value = found();
      if (value !== undefined) return value;
      if (performance.now() > end) throw new Error(`no ${what} in:\n${lines().join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  return {
    lines,
    broken,
    /** Everything that was written, with its control sequences. */
    written: () => written,
    /** Waits for a text on the screen. */
    see: (text: string, seconds?: number) =>
      until(`"${text}"`, () => (lines().join('\n').includes(text) ? lines() : undefined), seconds),
    /** Waits until a text is gone from the screen. */
    gone: (text: string) =>
      until(`end of "${text}"`, () => (lines().join('\n').includes(text) ? undefined : true)),
    type: (text: string) => program.write(text),
    /** Waits until the title of the terminal is a text. */
    titled: (text: string, seconds?: number) =>
      until(`title "${text}"`, () => (title === text ? true : undefined), seconds),
    exit: (seconds?: number) => until('exit', () => code, seconds),
    /** As a terminal does that is closed. */
    hangUp: () => program.kill('SIGHUP'),
    kill: () => {
      if (code === undefined) program.kill('SIGKILL');
    },
  };
}

const ENDED = 'ended';
/** Sets the title of the terminal once the program has ended, and waits for a line before it ends too. */
const LINGER = `"$@"; code=$?; printf '\\033]2;${ENDED}\\007'; read -r line; exit $code`;

/**
 * Everything that the real program leaves on a screen, its exit code, and the lines that the terminal had to break. A
 * pseudo-terminal loses what nobody has read when its last program ends, so that a shell stays until all was read.
 */
export async function shownOn(words: readonly string[], options: ScreenOptions) {
  const shell = ['-c', LINGER, 'sh', process.execPath, PROGRAM, ...words];
  const screen = openProgram('sh', shell, options);
  try {
    await screen.titled(ENDED, 60);
    const found = { lines: screen.lines(), broken: screen.broken() };
    screen.type(KEYS.enter);
    return { code: await screen.exit(60), ...found };
  } finally {
    screen.kill();
  }
}
