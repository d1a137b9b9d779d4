import { type Gate, parseGate } from '../config/gates.ts';
import type { ConfigIssue } from '../config/issues.ts';

/** The gates of --fail-if, and the issues with them. */
export function readGates(texts: readonly string[]): {
  readonly gates: readonly Gate[];
  readonly issues: readonly ConfigIssue[];
} {
  const gates: Gate[] = [];
  const issues: ConfigIssue[] = [];
  for (const text of texts) {
    const parsed = parseGate(text);
    if ('issue' in parsed) issues.push(parsed.issue);
    else gates.push(parsed);
  }
  return { gates, issues };
}
