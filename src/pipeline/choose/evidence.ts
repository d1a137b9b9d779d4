import type { DepthEvidence } from '../../advisor/similarity.ts';
import type { ChoiceReport } from './decision.ts';

/** All evidence for a choice, one sentence each, as plan.json keeps it. */
export function choiceEvidence(choice: ChoiceReport): readonly string[] {
  const { advice, similarity, sample, duplicates } = choice;
  const { identical, nearGroups, nearImages, wouldHaveCrossed } = duplicates;
  return [
    ...advice.evidence,
    ...similarity.depths.map(depthSentence),
    ...(sample === undefined
      ? []
      : [`measured on ${sample.images} images of ${sample.classes} classes`]),
    advice.boundary,
    `runner-up: ${advice.runnerUp}; confidence ${advice.confidence.level} (${advice.confidence.value.toFixed(2)})`,
    `duplicates: ${identical} identical files, ${nearImages} images in ${nearGroups} groups of near-duplicates, of which ${wouldHaveCrossed} would have crossed the split`,
  ];
}

function depthSentence({ name, probe, probeError, random, logme }: DepthEvidence): string {
  const accuracy = `${(100 * probe).toFixed(1)} % ± ${(100 * probeError).toFixed(1)}`;
  const control = random === null ? '' : ` (random weights ${(100 * random).toFixed(1)} %)`;
  return `${name}: linear probe ${accuracy}${control}, LogME ${logme.toFixed(3)}`;
}
