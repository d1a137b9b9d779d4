// The wizard in a pseudo-terminal, answered by a person who takes what is offered.
import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';

const [COLUMNS, ROWS] = [100, 50];
const QUESTION_SECONDS = 120;

/** What is waited for on the screen, and what is typed then: what is offered is taken. */
const ANSWERS = [
  ['Folder of images:', 'photos'],
  ['80 images', '\r'],
  ['? How much time', '\r'],
  ['? Network:', '\r'],
  ['? Strategy:', '\r'],
  ['? Write the model as:', '\r'],
  ['? What now?', '\r'],
];

/**
 * @param file, words the process that runs the wizard
 * @returns the last screen, once the process has ended well
 */
export async function answerWizard(file, words) {
  const program = spawn(file, words, { cols: COLUMNS, rows: ROWS, name: 'xterm-256color' });
  const screen = new xterm.Terminal({
    cols: COLUMNS,
    rows: ROWS,
    scrollback: 5000,
    allowProposedApi: true,
  });
  let code;
  program.onData((data) => screen.write(data));
  program.onExit(({ exitCode }) => {
    code = exitCode;
  });
  const text = () => {
    const { active } = screen.buffer;
    const lines = Array.from({ length: active.length }, (_, at) =>
      active.getLine(at)?.translateToString(true),
    );
    return lines.join('\n').trimEnd();
  };
  const until = async (what, holds, seconds) => {
    for (const end = performance.now() + seconds * 1000; !holds(); ) {
      if (performance.now() > end) throw new Error(`the wizard: no ${what} in:\n${text()}`);
      await new Promise((wake) => setTimeout(wake, 50));
    }
  };
  try {
    for (const [question, answer] of ANSWERS) {
      await until(
        question,
        () => text().includes(question) || code !== undefined,
        QUESTION_SECONDS,
      );
      await new Promise((wake) => setTimeout(wake, 500));
      program.write(answer);
    }
    await until('end', () => code !== undefined, 600);
    if (code !== 0) throw new Error(`the wizard ended with ${code}:\n${text()}`);
    return text();
  } finally {
    if (code === undefined) program.kill('SIGKILL');
  }
}
