/** How well the classes are separated at one depth of the frozen network. */
export interface DepthEvidence {
  /** The layer whose output it is: `pool4`. */
  readonly name: string;
  /** Features an image: the channels, averaged over the map. */
  readonly width: number;
  readonly logme: number;
  /** Leave-one-out accuracy of a linear classifier. */
  readonly probe: number;
  /** Standard error of `probe`: the sample is one of many that could have been drawn. */
  readonly probeError: number;
  /** How much better than the last depth, and the standard error of that (paired by image). */
  readonly lead: number;
  readonly leadError: number;
}

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
  /** By how much an earlier depth has to be better than the last to count as clearly better. */
  readonly margin: number;
}

export interface MeasuredSimilarity {
  readonly state: 'measured';
  readonly images: number;
  readonly depths: readonly DepthEvidence[];
  /** Accuracy of always naming the most frequent class of the sample. */
  readonly chance: number;
  /** (probe - chance) / (1 - chance) at the last depth. */
  readonly skill: number;
  /** The depth that separates the classes best. */
  readonly best: string;
  readonly verdict: 'similar' | 'different';
  /** Of the verdict, from the spread of the probes: 0.5 is a coin's. */
  readonly confidence: number;
  readonly reason: string;
}

export interface UnmeasuredSimilarity {
  readonly state: 'unmeasured';
  readonly reason: string;
  /** What was found all the same. */
  readonly depths: readonly DepthEvidence[];
}

export type Similarity = MeasuredSimilarity | UnmeasuredSimilarity;

/** Standard errors above chance that it takes to speak of separation at all. */
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
  const best = depths.reduce((most, depth) => (depth.probe >= most.probe ? depth : most));
  const images = measured.at(-1)?.hits.length ?? 0;
  return { state: 'measured', images, depths, ...judge({ last, best, chance, thresholds }) };
}

interface Judged {
  readonly last: DepthEvidence;
  readonly best: DepthEvidence;
  readonly chance: number;
  readonly thresholds: SimilarityThresholds;
}

function judge({ last, best, chance, thresholds }: Judged) {
  const skill = (last.probe - chance) / (1 - chance);
  const skillError = last.probeError / (1 - chance);
  const highEnough = normalBelow((skill - thresholds.similar) / Math.max(skillError, 1e-3));
  const noEarlier = normalBelow((thresholds.margin - best.lead) / Math.max(best.leadError, 1e-3));
  const similar = skill >= thresholds.similar && best.lead <= thresholds.margin;
  const sure = Math.min(highEnough, noEarlier);
  return {
    chance,
    skill,
    best: best.name,
    verdict: similar ? ('similar' as const) : ('different' as const),
    confidence: similar ? sure : 1 - sure,
    reason: reasonOf({ last, best, chance, thresholds }, skill),
  };
}

function reasonOf({ last, best, thresholds }: Judged, skill: number): string {
  const at = (depth: DepthEvidence) => `${depth.name} ${(100 * depth.probe).toFixed(1)} %`;
  if (best.lead > thresholds.margin) {
    return `different: an earlier depth separates the classes better (${at(best)}, ${at(last)})`;
  }
  const found = `skill ${skill.toFixed(2)} at ${last.name}`;
  if (skill < thresholds.similar) {
    return `different: the last depth separates the classes too little (${found}, similar is ${thresholds.similar} or more)`;
  }
  return `similar: the last depth separates the classes well (${found}), and no earlier one does clearly better`;
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

/** The standard normal distribution function (Abramowitz and Stegun 26.2.17, to 7.5e-8). */
export function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series =
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z >= 0 ? 1 - tail : tail;
}
