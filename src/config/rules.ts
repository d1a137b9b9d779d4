import { VggtuneError } from '../base/errors.ts';
import { boundaryAfter } from '../network/boundary.ts';
import { buildNetwork } from '../network/build.ts';
import { BACKBONE_ROWS } from '../network/catalog.ts';
import { plainPreprocessing } from '../network/preprocessing.ts';
import { DEVICES_BY_ENGINE } from './devices.ts';
import { type ConfigIssue, shown } from './issues.ts';
import type { RunConfig } from './schema.ts';

/** The finding of a rule; the caller, which knows the sources, adds where the value was written. */
type Finding = Omit<ConfigIssue, 'where'>;
interface Rule {
  readonly check: (config: RunConfig) => readonly Finding[];
  /** The keys that it looks at. */
  readonly of: readonly string[];
}

/**
 * Checks how keys go together.
 * @param broken keys whose values are not what the user meant: rules that look at them say nothing
 */
export function ruleIssues(config: RunConfig, broken: readonly string[] = []): ConfigIssue[] {
  const meets = (key: string) =>
    broken.some((path) => `${path}.`.startsWith(`${key}.`) || `${key}.`.startsWith(`${path}.`));
  return RULES.filter((rule) => !rule.of.some(meets))
    .flatMap((rule) => rule.check(config))
    .map((finding) => ({ ...finding, where: '' }));
}

const RULES: readonly Rule[] = [
  { check: startingWeights, of: ['strategy', 'weights'] },
  { check: splitShares, of: ['split.val', 'split.test'] },
  { check: cropRanges, of: ['augment.crop'] },
  { check: networkFits, of: ['backbone', 'head', 'image.size'] },
  { check: freezeFits, of: ['backbone', 'head', 'image.size', 'freeze', 'strategy'] },
  { check: epochCounts, of: ['epochs', 'schedule.warmup'] },
  { check: optimizerValues, of: ['optimizer'] },
  { check: microBatchFits, of: ['microBatch', 'batchSize'] },
  { check: engineDevice, of: ['engine', 'device'] },
];

/** `head` and `top` keep layers as they are, so those must have learned something. */
function startingWeights({ strategy, weights }: RunConfig): Finding[] {
  if ((strategy === 'head' || strategy === 'top') && weights === 'random') {
    return [
      {
        path: 'weights',
        message: `strategy ${strategy} keeps layers frozen, and frozen random layers learn nothing`,
        fix: 'give pretrained weights (auto, or a file), or use strategy scratch',
      },
    ];
  }
  if (strategy === 'scratch' && weights !== 'random' && weights !== 'auto') {
    return [
      {
        path: 'weights',
        message: `strategy scratch starts from random weights, not from ${weights}`,
        fix: 'use strategy all to train on from that file, or leave weights out',
      },
    ];
  }
  return [];
}

function splitShares({ split }: RunConfig): Finding[] {
  const total = split.val + split.test;
  if (total < 1) return [];
  const found = `${split.val} + ${split.test}`;
  return [
    {
      path: 'split.val',
      message: 'nothing is left to train on',
      expected: 'split.val + split.test below 1',
      found,
    },
  ];
}

function cropRanges({ augment: { crop } }: RunConfig): Finding[] {
  if (crop === null) return [];
  const findings: Finding[] = [];
  const order = 'the smaller number first';
  for (const key of ['scale', 'ratio'] as const) {
    const [low, high] = crop[key];
    if (low > high) {
      const path = `augment.crop.${key}`;
      findings.push({ path, message: 'wrong order', expected: order, found: shown(crop[key]) });
    }
  }
  if (crop.scale[0] === 0) {
    const path = 'augment.crop.scale';
    findings.push({ path, message: 'a crop of no area', expected: 'more than 0', found: '0' });
  }
  return findings;
}

function networkOf({ backbone, head, image }: RunConfig) {
  const size = image.size ?? BACKBONE_ROWS[backbone].size;
  return buildNetwork({ backbone, head, classes: 2, preprocessing: plainPreprocessing(size) });
}

/** Checks that the head and the backbone accept the image size. */
function networkFits(config: RunConfig): Finding[] {
  return complaintsOf(() => networkOf(config), 'image.size');
}

function freezeFits(config: RunConfig): Finding[] {
  const { freeze, strategy } = config;
  if (freeze === null) return [];
  if (strategy === 'scratch' && freeze !== 'none') {
    return [
      {
        path: 'freeze',
        message: 'strategy scratch trains everything, because nothing of it is trained yet',
        found: freeze,
        expected: 'none',
        fix: 'leave freeze out, or choose strategy top',
      },
    ];
  }
  if (networkFits(config).length > 0) return [];
  return complaintsOf(() => boundaryAfter(networkOf(config), freeze), 'freeze');
}

/** Turns an error of the network module into a finding. */
function complaintsOf(attempt: () => unknown, path: string): Finding[] {
  try {
    attempt();
    return [];
  } catch (error) {
    if (!(error instanceof VggtuneError)) throw error;
    const { expected, found, fix } = error.details;
    return [
      {
        path,
        message: error.message,
        ...(expected === undefined ? {} : { expected }),
        ...(found === undefined ? {} : { found }),
        ...(fix === undefined ? {} : { fix }),
      },
    ];
  }
}

function epochCounts({ epochs, schedule }: RunConfig): Finding[] {
  if (schedule.warmup < epochs) return [];
  return [
    {
      path: 'schedule.warmup',
      message: 'the warm-up would never end',
      expected: `less than the ${epochs} epochs`,
      found: String(schedule.warmup),
    },
  ];
}

function optimizerValues({ optimizer }: RunConfig): Finding[] {
  const findings: Finding[] = [];
  const below1 = 'less than 1';
  for (const key of ['momentum', 'beta1', 'beta2'] as const) {
    if (optimizer[key] < 1) continue;
    const path = `optimizer.${key}`;
    findings.push({ path, message: 'forgets nothing', expected: below1, found: '1' });
  }
  if (optimizer.nesterov && optimizer.kind === 'sgd' && optimizer.momentum === 0) {
    const message = 'Nesterov momentum needs a momentum';
    findings.push({ path: 'optimizer.nesterov', message, fix: 'set optimizer.momentum, say 0.9' });
  }
  return findings;
}

function microBatchFits({ microBatch, batchSize }: RunConfig): Finding[] {
  if (microBatch === null || microBatch <= batchSize) return [];
  const expected = `at most batchSize, ${batchSize}`;
  return [{ path: 'microBatch', message: 'too large', expected, found: String(microBatch) }];
}

function engineDevice({ engine, device }: RunConfig): Finding[] {
  const engines = engine === 'auto' ? (['onnx', 'tensorflow'] as const) : ([engine] as const);
  const allowed: readonly string[] = [
    ...new Set(engines.flatMap((name) => DEVICES_BY_ENGINE[name])),
  ];
  if (allowed.includes(device)) return [];
  const message = engine === 'auto' ? 'no engine has it' : `engine ${engine} does not have it`;
  return [{ path: 'device', message, expected: `one of ${allowed.join(', ')}`, found: device }];
}
