import { join } from 'node:path';
import { broadcast } from '../../base/events.ts';
import type { Output } from '../../outputs/index.ts';
import { type DemoResult, demo } from '../../pipeline/demo/demo.ts';
import type { Command, Outcome } from '../command.ts';
import { DEVICE_OPTION, deviceOf } from '../device-flag.ts';
import { createCollector } from '../listeners/collector.ts';
import { wholeNumber } from '../number-arguments.ts';
import { duration, grouped, percent, plural } from '../number-formats.ts';
import { shortPath } from '../shell.ts';
import { facts } from '../table.ts';

export const command: Command = {
  usage: 'demo [FOLDER]',
  description: [
    'Builds a folder of emoji pictures, fine-tunes the small pretrained network vgg-nano on a few of',
    'them by the strategy that the advisor chooses, and measures it on images that it did not train',
    'on, beside the same network trained from random weights. Takes less than a minute and fetches',
    'nothing. FOLDER gets the images and the runs; vggtune-demo by default.',
  ].join('\n'),
  positionals: { least: 0, most: 1, what: 'a folder' },
  options: [
    { ...DEVICE_OPTION, description: `${DEVICE_OPTION.description}; auto by default` },
    {
      ...{ name: 'epochs', kind: 'text', value: 'N' },
      description: 'epochs of each training: a few, for a first look at a slow device',
    },
  ],
  examples: [['vggtune demo', 'train, measure, and say how to predict']],
  run: async (args, context) => {
    const { collected, listen } = createCollector();
    const [folder] = args.positionals;
    const epochs = args.text('epochs');
    const result = await demo({
      ...(folder === undefined ? {} : { folder }),
      ...deviceOf(args),
      ...(epochs !== undefined && { epochs: wholeNumber('--epochs', epochs) }),
      storage: context.storage,
      signal: context.signal,
      emit: broadcast([context.emit, listen]),
    });
    const { record, ...document } = result;
    return {
      document: {
        ...document,
        strategy: record.plan.strategy,
        metrics: record.metrics ?? null,
        warnings: collected.warnings,
      },
      text: demoLines(result).join('\n'),
    } satisfies Outcome<Output<'demo'>>;
  },
};

function demoLines(result: DemoResult): string[] {
  const { record, images, classes, accuracy, scratch, chance, seconds, model, predict } = result;
  return facts([
    ['trained on', `${plural(images.trained, 'image')} of ${plural(classes.length, 'class')}`],
    ['strategy', `${record.plan.strategy}, as the advisor chose`],
    ['accuracy', `${percent(accuracy)} on ${grouped(images.unseen)} images it did not train on`],
    [
      'from scratch',
      `${percent(scratch.accuracy)}, ${plural(scratch.epochs, 'epoch')} from random weights`,
    ],
    ['by chance', `${percent(chance)} (always naming the most frequent class)`],
    ['took', duration(seconds)],
    ['model', shortPath(model)],
    ['report', shortPath(join(record.folder, 'report.html'))],
    ['predict', predict.replaceAll(`${process.cwd()}/`, '')],
  ]);
}
