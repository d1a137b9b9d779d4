import { pairedDifference } from '../metrics/paired.ts';
import { stability } from './stability.ts';

/** How well the classes are separated at one depth of the frozen network. */
export interface DepthEvidence {
  /** The layer whose output it is. */
  readonly name: string;
  /** Features of an image: the channels, averaged over the map. */
  readonly width: number;
  readonly logme: number;
  /** The leave-one-out accuracy of a linear classifier. */
  readonly probe: number;
  readonly probeError: number;
  /** `probe` of the same network with random weights; null: not measured. */
  readonly random: number | null;
  /** How much better it is than the last depth. */
  readonly lead: number;
  readonly leadError: number;
}

export interface MeasuredSimilarity {
  readonly state: 'measured';
  readonly images: number;
  readonly depths: readonly DepthEvidence[];
  /** The accuracy of always naming the most frequent class of the sample. */
  readonly chance: number;
  /** (probe - chance) / (1 - chance) at the last depth. */
  readonly skill: number;
  /** The share of the errors of random weights that the last depth avoids; null: not measured. */
  readonly gain: number | null;
  /** An earlier depth that separates the classes clearly best; else the last. */
  readonly best: string;
  /** False where random weights separate the classes clearly better than any depth does. */
  readonly worthKeeping: boolean;
  readonly verdict: 'similar' | 'different';
  readonly confidence: number;
  readonly reason: string;
}

/** How close the images are to what the network was pretrained on. */
export type Similarity =
  | MeasuredSimilarity
  | {
      readonly state: 'unmeasured';
      readonly reason: string;
      readonly depths: readonly DepthEvidence[];
    };

/** One depth as it was measured, from the earliest to the last. */
export interface MeasuredDepth {
  readonly name: string;
  readonly width: number;
  readonly logme: number;
  /** Which images of the sample a linear classifier names right, each left out once. */
  readonly hits: readonly boolean[];
  /** The same on a network of random weights; null where that was not measured. */
  readonly randomHits: readonly boolean[] | null;
}

export interface SimilarityThresholds {
  /** The skill at the last depth from which the images count as similar, regardless of the rest. */
  readonly similar: number;
  /**
   * The share of a random network's errors that the last depth has to avoid for the images to count
   * as similar where skill is lower than that.
   */
  readonly gain: number;
  /**
   * By how much an earlier depth has to be better than the last to count as clearly better; it also
   * has to be so by two standard errors.
   */
  readonly margin: number;
}

/** The number of standard errors below which a difference is not reported. */
const NOTICEABLE = 2;

/**
 * Judges whether the images are similar to those of the pretraining, by how well its frozen features separate
 * the classes. High accuracy at the last depth means similar, and so does accuracy clearly above the best
 * that the same network reaches with random weights: classes can be hard to tell apart and still be of the
 * kind that was learned. If neither holds, or an earlier depth is clearly better, the images are different.
 * There is no published absolute threshold, so the thresholds are settings. Where random weights do clearly
 * better than every depth, nothing that was learned is worth keeping.
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
  const judged = { last, best, chance, control: controlOf(measured), thresholds };
  return { state: 'measured', images, depths, ...judge(judged, measured) };
}

interface Judged {
  readonly last: DepthEvidence;
  readonly best: DepthEvidence;
  readonly chance: number;
  /** The result with random weights, at the depth that separates the classes best. */
  readonly control: Control | null;
  readonly thresholds: SimilarityThresholds;
}

interface Control {
  readonly name: string;
  readonly probe: number;
  readonly hits: readonly boolean[];
}

function controlOf(measured: readonly MeasuredDepth[]): Control | null {
  const depths = measured.flatMap(({ name, randomHits: hits }) =>
    hits === null ? [] : [{ name, hits, probe: share(hits) }],
  );
  const [first = null] = depths.toSorted((a, b) => b.probe - a.probe);
  return first;
}

function leadsClearly(
  { lead, leadError }: Pick<DepthEvidence, 'lead' | 'leadError'>,
  { margin }: SimilarityThresholds,
) {
  return lead > margin && lead > NOTICEABLE * leadError;
}

function judge(judged: Judged, measured: readonly MeasuredDepth[]) {
  const { last, best, chance, control, thresholds } = judged;
  const skill = skillOf(last.probe, chance);
  const gain = control === null ? null : skillOf(last.probe, control.probe);
  const similar = best === last && isGood({ skill, gain }, thresholds);
  const errors = depthEvidence(measured).map(({ leadError }) => leadError);
  // The control is resampled with the depths: it was measured on the same images.
  const hits = [
    ...measured.map((depth) => depth.hits),
    ...(control === null ? [] : [control.hits]),
  ];
  const confidence = stability({ hits, thresholds }, ({ probes, thresholds: drawn }) => {
    const reached = probes[errors.length - 1] ?? 0;
    const random = probes[errors.length];
    const led = errors.some((leadError, at) =>
      leadsClearly({ lead: (probes[at] ?? 0) - reached, leadError }, drawn),
    );
    const found = {
      skill: skillOf(reached, chance),
      gain: random === undefined ? null : skillOf(reached, random),
    };
    return similar === (isGood(found, drawn) && !led);
  });
  return {
    chance,
    skill,
    gain,
    confidence,
    best: best.name,
    worthKeeping: !isBeaten(judged, measured),
    verdict: similar ? ('similar' as const) : ('different' as const),
    reason: reasonOf(judged, { skill, gain }),
  };
}

/** Whether random weights separate the classes clearly better than any depth of the network. */
function isBeaten({ control, thresholds }: Judged, measured: readonly MeasuredDepth[]): boolean {
  if (control === null) return false;
  return measured.every(({ hits }) => leadsClearly(leadOver(control.hits, hits), thresholds));
}

/** The share of the errors of `chance` that are avoided; 0 where the control makes no errors. */
const skillOf = (probe: number, chance: number) =>
  chance < 1 ? (probe - chance) / (1 - chance) : 0;

interface Found {
  readonly skill: number;
  readonly gain: number | null;
}

function isGood({ skill, gain }: Found, thresholds: SimilarityThresholds): boolean {
  return skill >= thresholds.similar || (gain !== null && gain >= thresholds.gain);
}

function reasonOf({ last, best, control, thresholds }: Judged, { skill, gain }: Found): string {
  const at = (depth: { readonly name: string; readonly probe: number }) =>
    `${depth.name} ${(100 * depth.probe).toFixed(1)} %`;
  const found = `skill ${skill.toFixed(2)} at ${last.name}`;
  const beside =
    control === null || gain === null
      ? undefined
      : `${at(last)}, random weights at best ${at(control)}: gain ${gain.toFixed(2)}`;
  const low = isGood({ skill, gain }, thresholds)
    ? undefined
    : [
        `the last depth separates the classes too little (${found}, similar is ${thresholds.similar} or more)`,
        ...(beside === undefined
          ? []
          : [
              `and pretraining brings too little (${beside}, similar is ${thresholds.gain} or more)`,
            ]),
      ].join(' ');
  const earlier =
    best !== last
      ? `an earlier depth separates the classes clearly better (${at(best)}, ${at(last)})`
      : undefined;
  if (low === undefined && earlier === undefined) {
    return skill >= thresholds.similar
      ? `similar: the last depth separates the classes well (${found}), and no earlier one does clearly better`
      : `similar: pretraining is what separates the classes at the last depth (${beside}), and no earlier depth does clearly better`;
  }
  return `different: ${[earlier, low].filter((each) => each !== undefined).join('; ')}`;
}

function depthEvidence(measured: readonly MeasuredDepth[]): readonly DepthEvidence[] {
  const last = measured.at(-1)?.hits ?? [];
  return measured.map(({ hits, randomHits, ...depth }) => {
    const probe = share(hits);
    return {
      ...depth,
      probe,
      random: randomHits === null ? null : share(randomHits),
      // Wilson's denominator keeps the error of 0 % and 100 % from being none.
      probeError: Math.sqrt((probe * (1 - probe) + 1 / (4 * hits.length)) / hits.length),
      ...leadOver(hits, last),
    };
  });
}

function leadOver(hits: readonly boolean[], last: readonly boolean[]) {
  const { mean: lead, error: leadError } = pairedDifference(hits.map(Number), last.map(Number));
  return { lead, leadError };
}

const share = (hits: readonly boolean[]) => hits.filter(Boolean).length / Math.max(1, hits.length);
