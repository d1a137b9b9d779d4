import { VggtuneError } from '../base/errors.ts';

/** One thing that is wrong with a configuration. */
export interface ConfigIssue {
  /** The key, dotted: `optimizer.learningRate`; empty for the whole. */
  readonly path: string;
  /** Where the user wrote it: a flag, file:line, a variable, a preset. */
  readonly where: string;
  readonly message: string;
  readonly expected?: string;
  readonly found?: string;
  readonly fix?: string;
}

/** The number of issues that are listed: a file that is not a config may have a thousand unknown keys. */
const MOST_ISSUES = 50;

/** Everything that is wrong with a configuration, at once. Exits 2. */
export class ConfigError extends VggtuneError {
  /** The first of them. */
  readonly issues: readonly ConfigIssue[];
  /** The number of issues, then one line for each. */
  readonly lines: readonly string[];

  constructor(all: readonly ConfigIssue[]) {
    const issues = all.slice(0, MOST_ISSUES);
    const more = all.length - issues.length;
    const count = all.length === 1 ? 'a problem' : `${all.length} problems`;
    const lines = [
      `${count} with the settings:`,
      ...issues.map(describeIssue),
      ...(more > 0 ? [`and ${more} more`] : []),
    ];
    super('usage', lines.join('\n  '));
    this.name = 'ConfigError';
    this.issues = issues;
    this.lines = lines;
  }
}

/** One issue as one line. */
export function describeIssue(issue: ConfigIssue): string {
  const place = issue.where === '' ? '' : `${issue.where}: `;
  const found = issue.found === undefined ? '' : `, found ${issue.found}`;
  const expected = issue.expected === undefined ? '' : `: expected ${issue.expected}${found}`;
  const fix = issue.fix === undefined ? '' : `; ${issue.fix}`;
  return `${place}${issue.message}${expected}${fix}`;
}

/** Why a strategy is not possible with some settings, as one line. */
export function whyNot(error: VggtuneError): string {
  if (error instanceof ConfigError) return error.issues.map(({ message }) => message).join('; ');
  return error.message.replaceAll('\n', ' ');
}

/** @throws ConfigError if there are any */
export function throwIssues(issues: readonly ConfigIssue[]): void {
  if (issues.length > 0) throw new ConfigError(issues);
}

/** A value as the user may have written it, cut short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
