import { writeFile } from 'node:fs/promises';
import { messageOf, systemCode } from '../../base/errors.ts';
import type { RunConfig } from '../../config/schema.ts';
import { grouped, plural } from '../number-formats.ts';
import { shortPath } from '../shell.ts';
import { facts } from '../table.ts';
import { freeFileName } from './answers.ts';
import type { Data } from './folder.ts';
import { BACK, type Back, type Prompts } from './prompts.ts';
import type { Scroll } from './scroll.ts';

/** The plan, as lines of at most `width` columns. */
export function planLines(
  config: RunConfig,
  of: { readonly data: Data; readonly width: number; readonly cost: string | undefined },
): string[] {
  const { data, width, cost } = of;
  const { augment } = config;
  const rows: [string, string][] = [
    ['images', `${grouped(data.images)} of ${plural(data.classes.length, 'class')}`],
    ['strategy', config.strategy],
    ['network', `${config.backbone}, head ${config.head.kind}`],
    ['training', trainingText(config)],
    [
      'images seen',
      augment.views === 1 ? 'as they are' : 'cropped, flipped and coloured at random',
    ],
    ['held back', `${Math.round(100 * (config.split.val + config.split.test))} % to measure on`],
    ...(cost === undefined ? [] : [['takes', cost] as [string, string]]),
    ['run folder', shortPath(config.out)],
  ];
  return facts(rows, width);
}

/**
 * How the head is trained, in words. A head without hidden layers is solved where nothing else is trained;
 * all others take steps.
 */
function trainingText({ strategy, head, epochs, optimizer, schedule }: RunConfig): string {
  const isSolved = head.fit === 'solve' && ['linear', 'levels'].includes(head.kind);
  if (strategy === 'head' && isSolved) return 'the output layer is solved, without epochs';
  return `at most ${plural(epochs, 'epoch')}, ${optimizer.kind}, ${schedule.kind}`;
}

export type Decision = 'train' | 'save-and-train' | 'save' | 'quit';

export function askDecision(prompts: Prompts): Promise<Decision | Back> {
  return prompts.select<Decision>({
    message: 'What now?',
    choices: [
      { value: 'train', name: 'Train' },
      { value: 'save-and-train', name: 'Save as a config file, and train' },
      { value: 'save', name: 'Save as a config file, no more' },
      { value: 'quit', name: 'Do nothing' },
    ],
    back: true,
  });
}

/** Asks for a name and writes the file; an existing file is never replaced. */
export async function askAndSave(
  { prompts, scroll }: { readonly prompts: Prompts; readonly scroll: Scroll },
  content: string,
): Promise<string | Back> {
  const problem = new Map<string, string>();
  for (;;) {
    const path = await prompts.text({
      message: 'Config file:',
      begin: freeFileName(),
      validate: async (name) =>
        problem.get(name) ?? (/\.ya?ml$/i.test(name) || 'The name has to end in .yaml'),
    });
    if (path === BACK) return BACK;
    const failure = await writeFile(path, content, { flag: 'wx' }).then(
      () => undefined,
      (error: unknown) =>
        systemCode(error) === 'EEXIST' ? `There is a file ${path} already` : messageOf(error),
    );
    if (failure === undefined) return path;
    problem.set(path, failure);
    scroll.say([failure]);
  }
}
