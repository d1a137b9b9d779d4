import { EXPORT_FORMATS, PRESETS, type PresetName } from '../../config/names.ts';
import type { RunConfig, StrategyName } from '../../config/schema.ts';
import { runConfigSchema, STRATEGIES } from '../../config/schema.ts';
import { wrap } from '../width.ts';
import type { Advice } from './advice.ts';
import type { Back, Prompts } from './prompts.ts';
import { EXPORT_PHRASES, NETWORK_SENTENCES, PRETRAINED_ON } from './sentences.ts';

/**
 * Each strategy in one sentence.
 * @param known what the network was pretrained on, in the plural
 */
export const strategySentences = (known: string): Readonly<Record<StrategyName, string>> => ({
  head: `Trains only a new last layer on what the network already knows: quick, and best for few images that are like ${known}.`,
  top: `Also retrains the last layers: for few images that are unlike ${known}.`,
  all: `Adjusts the whole network a little: for many images that are like ${known}.`,
  scratch: `Learns everything anew: for very many images that are unlike ${known}.`,
});

const BUDGET_SENTENCES: Readonly<Record<PresetName, string>> = {
  quick: 'A first answer soon: a small network, small images, few epochs.',
  balanced: 'What most people want. How long it takes here is said before anything is trained.',
  best: 'The best accuracy, several times the work.',
};

export interface Layout {
  readonly width: number;
}

/** A name and a sentence below it, both within the width of the terminal. */
function explained(name: string, sentence: string, { width }: Layout): string {
  const lines = wrap(sentence, Math.max(20, width - 6));
  return [name, ...lines.map((line) => `    ${line}`)].join('\n');
}

export function askStrategy(
  prompts: Prompts,
  of: {
    readonly advice: Advice;
    readonly backbone: Backbone;
    readonly before: StrategyName | undefined;
    readonly layout: Layout;
  },
): Promise<StrategyName | Back> {
  const { advice, backbone, before, layout } = of;
  const recommended = advice.strategy;
  const order = [recommended, ...STRATEGIES.filter((name) => name !== recommended)];
  const sentences = strategySentences(PRETRAINED_ON[backbone]);
  return prompts.select({
    message: 'Strategy:',
    choices: order.map((value) => {
      const name = value === recommended ? `${value} (recommended)` : value;
      return { value, name: explained(name, sentences[value], layout), short: value };
    }),
    begin: Math.max(0, before === undefined ? 0 : order.indexOf(before)),
    back: true,
  });
}

export function askBudget(
  prompts: Prompts,
  { before, layout }: { readonly before: PresetName | undefined; readonly layout: Layout },
): Promise<PresetName | Back> {
  return prompts.select({
    message: 'How much time may it take?',
    choices: PRESETS.map((value) => ({
      value,
      name: explained(value, BUDGET_SENTENCES[value], layout),
      short: value,
    })),
    begin: PRESETS.indexOf(before ?? 'balanced'),
    back: true,
  });
}

export type Backbone = RunConfig['backbone'];

/** Asks for the network; the one that fits the other answers comes first. */
export function askBackbone(
  prompts: Prompts,
  of: {
    /** The network that fits the answers so far. */
    readonly own: Backbone;
    /** The reason for that network. */
    readonly why: string;
    readonly before: Backbone | undefined;
    readonly layout: Layout;
  },
): Promise<Backbone | Back> {
  const { own, why, before, layout } = of;
  const all = runConfigSchema.shape.backbone.unwrap().options;
  const order = [own, ...all.filter((name) => name !== own)];
  return prompts.select({
    message: 'Network:',
    choices: order.map((value) => ({
      value,
      name: explained(
        value === own ? `${value} (${why})` : value,
        NETWORK_SENTENCES[value],
        layout,
      ),
      short: value,
    })),
    begin: Math.max(0, before === undefined ? 0 : order.indexOf(before)),
    back: true,
  });
}

export function askExports(
  prompts: Prompts,
  chosen: readonly string[],
): Promise<readonly string[] | Back> {
  const widest = Math.max(...EXPORT_FORMATS.map((name) => name.length));
  const choices = EXPORT_FORMATS.map((value) => ({
    value,
    name: `${value.padEnd(widest)}  ${EXPORT_PHRASES[value]}`,
  }));
  return prompts.several({ message: 'Write the model as:', choices, chosen });
}
