import { VggtuneError } from '../base/errors.ts';
import type { ConfigIssue } from '../outputs/parts.ts';

export type { ConfigIssue };

/** Everything that is wrong with a configuration, at once. Exits 2. */
export class ConfigError extends VggtuneError {
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    const lines = issues.map((issue) => `  ${describeIssue(issue)}`);
    const count = issues.length === 1 ? 'a problem' : `${issues.length} problems`;
    super('usage', `${count} with the settings:\n${lines.join('\n')}`);
    this.name = 'ConfigError';
    this.issues = issues;
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

/** @throws ConfigError if there are any */
export function throwIssues(issues: readonly ConfigIssue[]): void {
  if (issues.length > 0) throw new ConfigError(issues);
}

/** A value as the user may have written it, cut short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
