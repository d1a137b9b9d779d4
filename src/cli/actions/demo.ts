import { join } from 'node:path';
import { broadcast } from '../../base/events.ts';
import type { Output } from '../../outputs/index.ts';
import { type DemoResult, demo } from '../../pipeline/demo/demo.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { deviceOf } from '../device-flag.ts';
import { createCollector } from '../listeners/collector.ts';
import { wholeNumber } from '../number-arguments.ts';
import { duration, grouped, percent, plural } from '../number-formats.ts';
import { shortPath } from '../shell.ts';
import { facts } from '../table.ts';

export async function run(args: Arguments, context: Context): Promise<Outcome<Output<'demo'>>> {
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
  };
}

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
