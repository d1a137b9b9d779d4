import { EXIT_CODES, messageOf, VggtuneError } from '../base/errors.ts';
import { ConfigError } from '../config/issues.ts';
import type { ErrorDocument } from '../outputs/parts.ts';
import type { Paint } from './terminal.ts';
import { abridge, printable } from './width.ts';

export function exitCodeOf(error: unknown): number {
  return error instanceof VggtuneError ? error.exitCode : EXIT_CODES.bug;
}

const REPORT =
  'This is a bug in vggtune. Please report it with the command you ran and the lines above.';

/** The longest message or detail that is shown. Names come from files, and may have megabytes. */
const MOST_CHARACTERS = 4000;
const MOST_OF_A_STACK = 10_000;

/**
 * Renders an error for a person: what was expected, what was found, where, and what to do. Any part may quote
 * an untrusted file, so it is cut and cannot move the cursor or imitate our own lines: continuation lines are
 * indented further.
 */
export function renderError(error: unknown, paint: Paint): string {
  if (!(error instanceof VggtuneError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const shown = abridge(stack, MOST_OF_A_STACK).split('\n').map(printable).join('\n');
    return `${paint('red', 'bug:')} ${shown}\n${REPORT}`;
  }
  const interrupted = error.kind === 'interrupted';
  const heading = interrupted ? paint('yellow', 'stopped:') : paint('red', 'error:');
  const { expected, found, where, fix } = error.details;
  const rows = [
    ['expected', expected],
    ['found', found],
    ['where', where],
    ['fix', fix],
  ] as const;
  const details = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`  ${name.padEnd(9)} ${quoted(value, 12)}`],
  );
  return [`${heading} ${messageLines(error)}`, ...details].join('\n');
}

function messageLines(error: VggtuneError): string {
  if (!(error instanceof ConfigError)) return quoted(error.message, 2);
  const [heading, ...issues] = error.lines;
  return [heading, ...issues.map((line) => `  ${quoted(line, 4)}`)].join('\n');
}

/** @param indent of what comes after a line break */
function quoted(text: string, indent: number): string {
  const lines = abridge(text, MOST_CHARACTERS).split('\n').map(printable);
  return lines.join(`\n${' '.repeat(indent)}`);
}

/** Renders an error for a program. */
export function errorDocument(error: unknown): ErrorDocument {
  if (!(error instanceof VggtuneError)) {
    return { error: { kind: 'bug', message: messageOf(error), exitCode: EXIT_CODES.bug } };
  }
  const { cause: _, ...details } = error.details;
  const issues = error instanceof ConfigError ? { issues: error.issues } : {};
  const { kind, message, exitCode } = error;
  return { error: { kind, message, exitCode, ...details, ...issues } };
}
