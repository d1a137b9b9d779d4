// Who may import whom. Each folder of src/ is a module; a module's list says which other modules it may
// enter, and why. Everyone may import `base`. What is not listed is an error. Imports run downward: a type
// belongs to the module that it is about, and `outputs`, near the top, holds its schemas against it.

/** @type {Record<string, { may: string[], types?: string[], why: string }>} */
const modules = {
  base: { may: [], why: 'base is what everything stands on, so it stands on nothing.' },
  metrics: { may: [], why: 'metrics are pure functions of numbers.' },
  network: { may: [], why: 'a network is rows of data and folds over them; it knows no engine.' },
  formats: { may: [], why: 'formats turn bytes into records; they know no network.' },
  config: { may: ['network'], why: 'the schema names networks and heads, nothing more.' },
  run: {
    may: [],
    types: ['config', 'metrics'],
    why: 'a run folder stores records; it computes none.',
  },
  dataset: {
    may: ['formats'],
    types: ['config'],
    why: 'a dataset is images and labels, in folders or archives; it knows no network.',
  },
  weights: {
    may: ['formats', 'network'],
    why: 'weights translate published files into canonical tensors.',
  },
  advisor: {
    may: ['metrics', 'network'],
    types: ['config'],
    why: 'numbers in, decision out: no files, no engine.',
  },
  audit: {
    may: ['metrics'],
    types: ['dataset', 'network'],
    why: 'numbers in, suspects out: no files, no engine.',
  },
  engines: {
    may: ['network', 'formats'],
    why: 'an engine compiles a plan; it knows no dataset and no run.',
  },
  solver: {
    may: [],
    types: ['engines'],
    why: 'features in, output layer out: no network, no files, and programs through the engine interface.',
  },
  training: {
    may: ['network', 'metrics', 'dataset', 'run', 'engines'],
    types: ['config'],
    why: 'the loop drives an engine through its interface; it never calls evaluation.',
  },
  evaluation: {
    may: ['network', 'metrics', 'dataset', 'run', 'engines'],
    types: ['config'],
    why: 'evaluation drives an engine through its interface; it never calls training.',
  },
  export: {
    may: ['formats', 'network', 'weights', 'run'],
    why: 'exporters write what a run holds.',
  },
  report: {
    may: ['metrics', 'dataset', 'run', 'evaluation'],
    types: ['audit'],
    why: 'a report shows what a run folder holds, and images; it opens no network and no engine.',
  },
  explain: {
    may: ['network', 'engines', 'training', 'report'],
    types: ['config'],
    why: 'figures of a network, folds over its layers and plans, in tables and drawings; the page is as those of reports.',
  },
  tracking: {
    may: ['config', 'formats', 'run'],
    why: 'trackers tell other software what a run records; they read its records and change none.',
  },
  pipeline: {
    may: [
      'metrics',
      'network',
      'formats',
      'config',
      'run',
      'dataset',
      'weights',
      'advisor',
      'engines',
      'solver',
      'training',
      'evaluation',
      'export',
      'report',
      'explain',
      'audit',
      'tracking',
    ],
    why: 'the use cases put the modules together; they never print.',
  },
  batch: {
    may: ['pipeline', 'config', 'run'],
    why: 'a batch is a loop over the same pipeline.',
  },
  search: {
    may: ['batch', 'config', 'metrics', 'report', 'run'],
    why: 'a search chooses among the runs of a batch, and trains them piece by piece.',
  },
  queue: {
    may: ['batch', 'config', 'run'],
    why: 'a queue hands the runs of a batch to workers; it trains them as a batch does.',
  },
  outputs: {
    may: ['config', 'network', 'batch', 'queue'],
    types: ['dataset', 'run', 'weights', 'advisor', 'audit', 'export', 'explain', 'pipeline'],
    why: 'outputs publishes the form of what commands print, and checks it against the types of its owners.',
  },
  library: {
    may: ['config', 'pipeline'],
    types: ['run', 'audit'],
    why: 'what other programs import: the use cases with options that are the config, and a model that stays loaded.',
  },
  cli: {
    may: ['metrics', 'config', 'pipeline', 'batch', 'search', 'queue', 'outputs', 'explain'],
    types: ['run', 'advisor', 'audit'],
    why: 'commands are thin: flags in, pipeline, text out.',
  },
};

const moduleRules = Object.entries(modules).flatMap(([module, { may, types = [], why }]) => {
  const allowed = [module, 'base', ...may].join('|');
  const rules = [
    {
      name: `module-${module}`,
      comment: why,
      severity: 'error',
      from: { path: `^src/${module}/` },
      to: {
        path: '^src/',
        pathNot: `^src/(${[allowed, ...types].join('|')})/`,
      },
    },
  ];
  if (types.length > 0) {
    rules.push({
      name: `module-${module}-types-only`,
      comment: `${module} may use ${types.join(', ')} as types only: ${why}`,
      severity: 'error',
      from: { path: `^src/${module}/` },
      to: { path: `^src/(${types.join('|')})/`, dependencyTypesNot: ['type-only'] },
    });
  }
  return rules;
});

/**
 * Within `pipeline`: who may import whom. The use cases, its own files, may import all of these but `demo`.
 * @type {Record<string, { may: string[], why: string }>}
 */
const pipelineFolders = {
  prepare: { may: [], why: 'what every use case needs: it knows of none.' },
  export: { may: ['prepare'], why: 'a trained model in, files out: it trains nothing.' },
  run: {
    may: ['prepare', 'export'],
    why: 'one run of one strategy; it knows nothing of choosing.',
  },
  estimate: { may: ['prepare', 'run'], why: 'what a run would take, by the plan of a run.' },
  choose: { may: ['prepare', 'run'], why: 'evidence, trials, decision; trials are runs.' },
  heat: { may: ['prepare'], why: 'where a class was seen, by a trained model; it trains nothing.' },
  audit: {
    may: ['prepare', 'run'],
    why: 'what is wrong with the images, by the features of a run; it trains nothing.',
  },
  inspect: { may: ['prepare'], why: 'looks at what is there, and trains nothing.' },
  runs: { may: [], why: 'run folders as they lie there: it opens no data and no engine.' },
  demo: { may: ['prepare', '[^/]+\\.ts$'], why: 'a use case as a person would use it.' },
};

const pipelineRules = Object.entries(pipelineFolders).map(([folder, { may, why }]) => ({
  name: `pipeline-${folder}`,
  comment: why,
  severity: 'error',
  from: { path: `^src/pipeline/${folder}/` },
  to: { path: '^src/pipeline/', pathNot: `^src/pipeline/(${[folder, ...may].join('|')})` },
}));

/** Packages that one module, or one file, keeps to itself. */
const keptPackages = [
  ['onnxruntime-node', '^src/engines/onnx/(session|session-file|devices)\\.ts$'],
  ['@tensorflow/.*', '^src/(engines/tensorflow/|export/tfjs)'],
  ['sharp', '^src/dataset/sharp\\.ts$'],
  ['protobufjs', '^src/formats/'],
  [
    'zod',
    '^src/((config|outputs)/|base/check-form\\.ts$|export/metadata\\.ts$|pipeline/(run/checkpoint-form|choose/trial-record)\\.ts$)',
  ],
  ['(yargs|inquirer|@inquirer/.*|cli-progress)', '^src/cli/'],
  ['(@observablehq/plot|@mixmark-io/domino)', '^src/report/charts\\.ts$'],
  ['(bullmq|ioredis)', '^src/queue/bullmq\\.ts$'],
  ['undici', '^src/weights/(download|http-request)\\.ts$'],
];

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'A cycle means that two files are one idea, or that one idea is in the wrong place.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nobody imports is dead, unless it is an entry.',
      severity: 'error',
      from: { orphan: true, pathNot: '^(src/cli/main|bin/)|[.]d[.]ts$' },
      to: {},
    },
    {
      name: 'not-to-dev-dependencies',
      comment:
        'What ships must run without the development packages; those of TensorFlow and of the queue are also optional peers.',
      severity: 'error',
      from: { path: '^(src|bin)/' },
      to: {
        pathNot: '^node_modules/(@tensorflow|bullmq|ioredis)/',
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'no-unlisted-packages',
      comment:
        'Every package in use is in package.json; those of TensorFlow and of the queue are optional peers there.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        pathNot: '^node_modules/(@tensorflow|bullmq|ioredis)/',
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'],
      },
    },
    {
      name: 'engine-interface-alone',
      comment: 'engine.ts is the contract; a contract that imports an implementation is none.',
      severity: 'error',
      from: { path: '^src/engines/engine\\.ts$' },
      to: { path: '^src/engines/(onnx|tensorflow|index)' },
    },
    {
      name: 'engines-only-through-their-interface',
      comment: 'Only the pipeline picks an engine; training and evaluation see engine.ts alone.',
      severity: 'error',
      from: { path: '^src/(training|evaluation)/' },
      to: { path: '^src/engines/(onnx|tensorflow|index)' },
    },
    {
      name: 'engine-index-from-pipeline',
      comment: 'Only the pipeline picks an engine.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/pipeline/' },
      to: { path: '^src/engines/index\\.ts$' },
    },
    {
      name: 'export-weights-naming-alone',
      comment: 'Exporters need the names of other projects, not their downloads.',
      severity: 'error',
      from: { path: '^src/export/' },
      to: { path: '^src/weights/', pathNot: '^src/weights/naming' },
    },
    {
      name: 'settings-are-resolved-in-one-place',
      comment:
        'A Settings value resolves itself, once for each strategy; nobody else lays sources over each other.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/config/' },
      to: { path: '^src/config/(resolve|rules|zod-issues)\\.ts$' },
    },
    {
      name: 'demo-from-its-command',
      comment: 'The demo uses the use cases; none of them uses the demo.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli|pipeline/demo)/' },
      to: { path: '^src/pipeline/demo/' },
    },
    ...moduleRules,
    ...pipelineRules,
    ...keptPackages.map(([name, home]) => ({
      name: `package-${name}`,
      comment: `${name} stays inside ${home}: elsewhere it would leak its types and its start-up time.`,
      severity: 'error',
      from: { path: '^src/', pathNot: home },
      to: { path: `node_modules/${name}` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
