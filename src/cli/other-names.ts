/**
 * What other tools call something: Keras, PyTorch, fastai, timm, ultralytics, scikit-learn. Somebody who comes from
 * there guesses these names, and is told ours. No spelling is near enough to find them.
 */

interface OtherName {
  readonly meant: string;
  /** The commands in which it means this; by default, all. */
  readonly of?: readonly string[];
}

const SETTINGS = ['train', 'plan', 'advise', 'config', 'batch'];

/** Flags, without dashes. The first row that is of the command counts. */
export const OTHER_FLAGS: Readonly<Record<string, readonly OtherName[]>> = {
  batch: [{ meant: '--batch-size N', of: SETTINGS }],
  bs: [{ meant: '--batch-size N', of: SETTINGS }],
  imgsz: [{ meant: '--size N', of: SETTINGS }],
  'img-size': [{ meant: '--size N', of: SETTINGS }],
  'image-size': [{ meant: '--size N', of: SETTINGS }],
  'input-size': [{ meant: '--size N', of: SETTINGS }],
  model: [
    { meant: '--backbone NAME', of: SETTINGS },
    { meant: 'the run folder as the first word', of: ['predict', 'evaluate', 'export'] },
  ],
  backbone: [
    { meant: 'the network as a word: vggtune explain dense vgg16', of: ['explain'] },
    { meant: 'the network as a word: vggtune describe vgg16', of: ['describe'] },
  ],
  arch: [{ meant: '--backbone NAME', of: SETTINGS }],
  network: [{ meant: '--backbone NAME', of: SETTINGS }],
  name: [{ meant: '--out FOLDER, the run folder', of: SETTINGS }],
  project: [{ meant: '--out FOLDER, the run folder', of: SETTINGS }],
  output: [
    { meant: '--out FOLDER, the run folder', of: SETTINGS },
    { meant: '--out FOLDER', of: ['export'] },
    { meant: '--csv > FILE or --json > FILE', of: ['predict'] },
    { meant: '--json > FILE', of: ['evaluate'] },
  ],
  workers: [{ meant: 'nothing: images are read with as many threads as there are cores' }],
  'num-workers': [{ meant: 'nothing: images are read with as many threads as there are cores' }],
  'dry-run': [{ meant: '`vggtune plan` with the same flags', of: ['train'] }],
  format: [{ meant: '--export NAME, or `vggtune export RUN --format NAME` later', of: ['train'] }],
  export: [{ meant: '--format NAME', of: ['export'] }],
  split: [{ meant: '--side train, val or test', of: ['evaluate'] }],
  out: [
    { meant: '--csv > FILE or --json > FILE', of: ['predict'] },
    { meant: '--json > FILE', of: ['evaluate'] },
  ],
  gpu: [{ meant: '--device cuda (or gpu, of TensorFlow)', of: SETTINGS }],
  cuda: [{ meant: '--device cuda', of: SETTINGS }],
  cpu: [{ meant: '--device cpu', of: SETTINGS }],
  pretrained: [
    { meant: '--weights auto, which is the default; --weights random for none', of: SETTINGS },
  ],
  checkpoint: [{ meant: '--resume RUN', of: ['train'] }],
  continue: [{ meant: '--resume RUN', of: ['train'] }],
  force: [{ meant: '--overwrite', of: ['train', 'export'] }],
  yes: [{ meant: 'nothing: only `vggtune` without a command asks' }],
  lr0: [{ meant: '--lr NUMBER', of: SETTINGS }],
  wd: [{ meant: '--weight-decay NUMBER', of: SETTINGS }],
  'val-split': [{ meant: '--val SHARE', of: SETTINGS }],
  'validation-split': [{ meant: '--val SHARE', of: SETTINGS }],
  'test-size': [{ meant: '--test SHARE', of: SETTINGS }],
  topk: [{ meant: '--top N', of: ['predict'] }],
  'top-k': [{ meant: '--top N', of: ['predict'] }],
  source: [{ meant: 'the images as words after the run', of: ['predict'] }],
  input: [{ meant: 'the images as words after the run', of: ['predict'] }],
  task: [{ meant: 'nothing: vggtune classifies images' }],
};

/** What a flag that there is not would be here: a line for the error; undefined when it is not known. */
export function otherFlag(name: string, command: string): string | undefined {
  const rows = Object.hasOwn(OTHER_FLAGS, name) ? OTHER_FLAGS[name] : undefined;
  const row = rows?.find(({ of }) => of === undefined || of.includes(command));
  return row === undefined ? undefined : `here it is ${row.meant}`;
}

const COMMANDS: Readonly<Record<string, string>> = {
  version: 'vggtune --version',
  fit: 'vggtune train FOLDER',
  tune: 'vggtune train FOLDER',
  finetune: 'vggtune train FOLDER',
  'fine-tune': 'vggtune train FOLDER',
  run: 'vggtune train FOLDER',
  resume: 'vggtune train --resume RUN',
  eval: 'vggtune evaluate RUN',
  val: 'vggtune evaluate RUN',
  validate: 'vggtune evaluate RUN',
  test: 'vggtune evaluate RUN',
  score: 'vggtune evaluate RUN',
  classify: 'vggtune predict RUN IMAGES',
  infer: 'vggtune predict RUN IMAGES',
  inference: 'vggtune predict RUN IMAGES',
  detect: 'vggtune predict RUN IMAGES',
  convert: 'vggtune export RUN --format NAME',
  download: 'vggtune weights fetch NAME',
  models: 'vggtune describe --help, which lists the networks',
  list: 'vggtune weights list, or vggtune cache list',
  info: 'vggtune describe NETWORK_OR_RUN',
  summary: 'vggtune describe NETWORK_OR_RUN',
  clean: 'vggtune cache prune',
  sweep: 'vggtune batch FILE',
  compare: 'vggtune batch FILE, which ranks runs',
  init: 'vggtune config FOLDER > FILE.yaml',
  wizard: 'vggtune, on a terminal',
};

export function otherCommand(name: string): string | undefined {
  return Object.hasOwn(COMMANDS, name) ? `here it is: ${COMMANDS[name]}` : undefined;
}
