import type { DepthEvidence, MeasuredSimilarity, Similarity } from '../outputs/advice.ts';
import { stability } from './stability.ts';

export type { DepthEvidence, MeasuredSimilarity, Similarity };

/** One depth as it was measured, from the earliest to the last. */
export interface MeasuredDepth {
  readonly name: string;
  readonly width: number;
  readonly logme: number;
  /** Which images of the sample a linear classifier names right, each left out once. */
  readonly hits: readonly boolean[];
}

export interface SimilarityThresholds {
  /** The least skill at the last depth that counts as similar. */
  readonly similar: number;
  /**
   * By how much an earlier depth has to be better than the last to count as clearly better; it also
   * has to be so by two standard errors.
   */
  readonly margin: number;
}

/** Standard errors that it takes to speak of a difference at all. */
const NOTICEABLE = 2;

/**
 * Similar or different to what the network was trained on, by how well its frozen features separate
 * the classes: high at the last depth means similar; low there, or clearly better at an earlier
 * depth, means different. There is no published absolute cut-off; the thresholds are the user's.
 */
export function judgeSimilarity(
  measured: readonly MeasuredDepth[],
  chance: number,
  thresholds: SimilarityThresholds,
): Similarity {
  const depths = depthEvidence(measured);
  const last = depths.at(-1);
  if (last === undefined) return { state: 'unmeasured', reason: 'no depth was measured', depths };
  const separates = depths.some(
    ({ probe, probeError }) => probe > chance + NOTICEABLE * Math.max(probeError, 1e-9),
  );
  if (!separates) {
    const reason = `at no depth do the features tell the classes apart better than chance (${chance.toFixed(2)}): similarity cannot be measured on these images`;
    return { state: 'unmeasured', reason, depths };
  }
  const clear = depths.filter((depth) => leadsClearly(depth, thresholds));
  const best = [last, ...clear].reduce((most, next) => (next.probe >= most.probe ? next : most));
  const images = measured.at(-1)?.hits.length ?? 0;
  const judged = { last, best, chance, thresholds };
  return { state: 'measured', images, depths, ...judge(judged, measured) };
}

interface Judged {
  readonly last: DepthEvidence;
  readonly best: DepthEvidence;
  readonly chance: number;
  readonly thresholds: SimilarityThresholds;
}

function leadsClearly(
  { lead, leadError }: Pick<DepthEvidence, 'lead' | 'leadError'>,
  { margin }: SimilarityThresholds,
) {
  return lead > margin && lead > NOTICEABLE * leadError;
}

function judge(judged: Judged, measured: readonly MeasuredDepth[]) {
  const { last, best, chance, thresholds } = judged;
  const skill = skillOf(last.probe, chance);
  const similar = skill >= thresholds.similar && best === last;
  const hits = measured.map((depth) => depth.hits);
  const errors = depthEvidence(measured).map(({ leadError }) => leadError);
  const confidence = stability({ hits, chance, thresholds }, ({ probes, thresholds: drawn }) => {
    const reached = probes.at(-1) ?? 0;
    const led = probes.some((probe, at) =>
      leadsClearly({ lead: probe - reached, leadError: errors[at] ?? 0 }, drawn),
    );
    return similar === (skillOf(reached, chance) >= drawn.similar && !led);
  });
  return {
    ...{ chance, skill, confidence },
    best: best.name,
    verdict: similar ? ('similar' as const) : ('different' as const),
    reason: reasonOf(judged, skill),
  };
}

const skillOf = (probe: number, chance: number) => (probe - chance) / (1 - chance);

function reasonOf({ last, best, thresholds }: Judged, skill: number): string {
  const at = (depth: DepthEvidence) => `${depth.name} ${(100 * depth.probe).toFixed(1)} %`;
  const found = `skill ${skill.toFixed(2)} at ${last.name}`;
  const low =
    skill < thresholds.similar
      ? `the last depth separates the classes too little (${found}, similar is ${thresholds.similar} or more)`
      : undefined;
  const earlier =
    best !== last
      ? `an earlier depth separates the classes clearly better (${at(best)}, ${at(last)})`
      : undefined;
  if (low === undefined && earlier === undefined) {
    return `similar: the last depth separates the classes well (${found}), and no earlier one does clearly better`;
  }
  return `different: ${[earlier, low].filter((each) => each !== undefined).join('; ')}`;
}

function depthEvidence(measured: readonly MeasuredDepth[]): readonly DepthEvidence[] {
  const last = measured.at(-1)?.hits ?? [];
  return measured.map(({ hits, ...depth }) => {
    const probe = share(hits);
    return {
      ...depth,
      probe,
      // Wilson's denominator keeps the error of 0 % and 100 % from being none.
      probeError: Math.sqrt((probe * (1 - probe) + 1 / (4 * hits.length)) / hits.length),
      ...leadOver(hits, last),
    };
  });
}

/** The mean of the paired differences, and its standard error (McNemar's). */
function leadOver(hits: readonly boolean[], last: readonly boolean[]) {
  const won = hits.filter((hit, image) => hit && last[image] !== true).length;
  const lost = last.filter((hit, image) => hit && hits[image] !== true).length;
  const images = Math.max(1, hits.length);
  const lead = (won - lost) / images;
  const leadError = Math.sqrt(Math.max(0, won + lost - images * lead ** 2)) / images;
  return { lead, leadError };
}

const share = (hits: readonly boolean[]) => hits.filter(Boolean).length / Math.max(1, hits.length);
