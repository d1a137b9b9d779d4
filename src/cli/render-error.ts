import { EXIT_CODES, messageOf, VggtuneError } from '../base/errors.ts';
import { ConfigError } from '../config/issues.ts';
import type { ErrorDocument } from '../outputs/parts.ts';
import type { Paint } from './terminal.ts';

export function exitCodeOf(error: unknown): number {
  return error instanceof VggtuneError ? error.exitCode : EXIT_CODES.bug;
}

const REPORT =
  'This is a bug in vggtune. Please report it with the command you ran and the lines above.';

/** What went wrong, for a person: what was expected, what was found, where, and what to do. */
export function renderError(error: unknown, paint: Paint): string {
  if (!(error instanceof VggtuneError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${paint('red', 'bug:')} ${stack}\n${REPORT}`;
  }
  const interrupted = error.kind === 'interrupted';
  const heading = interrupted ? paint('yellow', 'stopped:') : paint('red', 'error:');
  const { expected, found, where, fix } = error.details;
  const rows = [
    ['expected', expected],
    ['found', found],
    ['where', where],
    ['to do', fix],
  ] as const;
  const details = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`  ${name.padEnd(9)} ${value}`],
  );
  return [`${heading} ${error.message}`, ...details].join('\n');
}

/** The same for a program. */
export function errorDocument(error: unknown): ErrorDocument {
  if (!(error instanceof VggtuneError)) {
    return { error: { kind: 'bug', message: messageOf(error), exitCode: EXIT_CODES.bug } };
  }
  const { cause: _, ...details } = error.details;
  const issues = error instanceof ConfigError ? { issues: error.issues } : {};
  const { kind, message, exitCode } = error;
  return { error: { kind, message, exitCode, ...details, ...issues } };
}
