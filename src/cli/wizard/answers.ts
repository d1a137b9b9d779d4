import { existsSync } from 'node:fs';
import { stringify } from 'yaml';
import { CONFIG_FIELDS } from '../../config/fields.ts';
import type { PresetName } from '../../config/names.ts';
import { type RunConfig, runConfigSchema, type StrategyName } from '../../config/schema.ts';
import { parseArguments } from '../arguments.ts';
import { command as train } from '../commands/train.ts';
import { configSettings } from '../config-sources.ts';
import { shellWord } from '../shell.ts';

/** The answers given to the wizard. */
export interface Answers {
  readonly data: string;
  readonly strategy: StrategyName;
  readonly preset: PresetName;
  readonly backbone: RunConfig['backbone'];
  readonly exports: readonly string[];
  /** The last frozen layer that the advice names; undefined: the strategy's own. */
  readonly freeze?: string;
  /** The run folder; undefined for the one that follows from the data and the strategy. */
  readonly out?: string;
}

const trainArguments = (words: readonly string[]) => parseArguments(train, words.slice(1));

/**
 * The settings that `vggtune train` derives from the words of a command line.
 * @throws ConfigError
 */
export function configOf(words: readonly string[], environment: NodeJS.ProcessEnv): RunConfig {
  const args = trainArguments(words);
  const strategy = CONFIG_FIELDS.find(({ path }) => path === 'strategy');
  const text = args.config.find(({ field }) => field === strategy)?.text;
  return configSettings(args, environment).for((text ?? 'head') as StrategyName);
}

const RUN_BACKBONES = runConfigSchema.shape.backbone.unwrap().options;

/**
 * The network that the settings name; undefined for the default, which depends on which weights are
 * available.
 */
export function namedBackbone(
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
): RunConfig['backbone'] | undefined {
  const { backbone } = configSettings(trainArguments(words), environment).values;
  return RUN_BACKBONES.find((name) => name === backbone);
}

/** The settings in the answers that differ from a run's defaults. */
function settings(answers: Answers, environment: NodeJS.ProcessEnv): Record<string, unknown> {
  const { data, strategy, preset, backbone, exports, freeze, out } = answers;
  const base = ['train', data, '--strategy', strategy, '--preset', preset];
  const without = configOf(base, environment);
  const same = without.export.join() === exports.join();
  return {
    data,
    strategy,
    ...(namedBackbone(base, environment) === backbone ? {} : { backbone }),
    ...(freeze === undefined ? {} : { freeze }),
    ...(same ? {} : { export: exports }),
    ...(out === undefined ? {} : { out }),
  };
}

/** The words of the command line that does the same, from `train` on. */
export function wordsOf(answers: Answers, environment: NodeJS.ProcessEnv): readonly string[] {
  const { data, strategy, ...others } = settings(answers, environment);
  const flags = Object.entries(others).flatMap(([key, value]) => {
    const list = Array.isArray(value) && value.length === 0 ? 'none' : String(value);
    return [`--${key}`, list];
  });
  // A folder whose name begins with a dash would be taken for a flag.
  const folder = String(data).startsWith('-') ? `./${data}` : String(data);
  return ['train', folder, '--strategy', String(strategy), '--preset', answers.preset, ...flags];
}

/** The same as a config file. */
export function fileOf(answers: Answers, environment: NodeJS.ProcessEnv): string {
  const values = { extends: answers.preset, ...settings(answers, environment) };
  return `# Train with: vggtune train -c THIS_FILE\n${stringify(values)}`;
}

/** A command line that a shell takes as it stands. */
export function commandLine(words: readonly string[]): string {
  return ['vggtune', ...words].map(shellWord).join(' ');
}

/** A file name that is free: `vggtune.yaml`, `vggtune-2.yaml`, ... */
export function freeFileName(): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? 'vggtune.yaml' : `vggtune-${number}.yaml`;
    if (!existsSync(name)) return name;
  }
}
