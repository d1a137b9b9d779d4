/** The reasons for a strategy, as they read behind its name. */
export function ownEvidence(of: {
  readonly strategy: string;
  readonly evidence: readonly string[];
}): readonly string[] {
  const name = `strategy ${of.strategy}, `;
  return of.evidence.map((text) => (text.startsWith(name) ? text.slice(name.length) : text));
}
