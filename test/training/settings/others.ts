/** Keys of the schema that no step depends on, each with where it does matter. */
export const NOT_ABOUT_TRAINING: Readonly<Record<string, string>> = {
  data: 'The images are listed before training (test/dataset/scan.test.ts).',
  decisions: 'The images are listed before training (test/dataset/decisions.test.ts).',
  out: 'It says where files go (test/run/store.test.ts).',
  strategy:
    'A run is given the strategy that was chosen (test/pipeline/run/train-run.slow.test.ts); test/training/train-plan.test.ts has what each trains.',
  'image.onBad': 'It says what a broken file does (test/pipeline/run/lost-images.slow.test.ts).',
  'image.maxPixels': 'It says which files are refused (test/dataset/decode.test.ts).',
  'split.val': 'The sides are made before training (test/dataset/split.test.ts).',
  'split.test': 'The sides are made before training (test/dataset/split.test.ts).',
  'split.seed': 'The sides are made before training (test/dataset/split.test.ts).',
  'split.nearDuplicates': 'The sides are made before training (test/dataset/split.test.ts).',
  'advise.sample': 'It helps to choose a strategy (test/advisor).',
  'advise.largePerClass': 'It helps to choose a strategy (test/advisor).',
  'advise.largeInAll': 'It helps to choose a strategy (test/advisor).',
  'advise.similar': 'It helps to choose a strategy (test/advisor).',
  'advise.gain': 'It helps to choose a strategy (test/advisor).',
  'advise.margin': 'It helps to choose a strategy (test/advisor).',
  'advise.budget': 'It helps to choose a strategy (test/pipeline/advise.slow.test.ts).',
  export: 'It says what is written after training (test/pipeline/export/export-run.slow.test.ts).',
  log: 'It says who else is told of the run (test/tracking).',
  engine: 'It says which engine is asked (test/engines/choice.test.ts).',
  device: 'It says where the engine computes (test/engines/choice.test.ts).',
  cache:
    'Features are the same with it and without (test/pipeline/run/train-run.slow.test.ts compares both).',
};
