/** The pages of the site, by what a person wants. A test holds that each page of docs/ is in one of them. */
export const SECTIONS = [
  {
    title: 'Begin',
    pages: [
      ['', 'What it is'],
      ['docs/', 'All pages'],
      ['docs/tutorial', 'From a phone to a web page'],
      ['docs/from-other-tools', 'From other tools'],
      ['docs/how-it-works', 'How it works'],
      ['docs/troubleshooting', 'When something goes wrong'],
    ],
  },
  {
    title: 'Train',
    pages: [
      ['docs/images', 'Your images'],
      ['docs/audit', 'Wrong labels and copies'],
      ['docs/strategy', 'How the strategy is chosen'],
      ['docs/recipes', 'Recipes, measured'],
      ['docs/weights', 'Weights'],
      ['docs/backbone', 'vgg-nano'],
      ['docs/report', 'The report of a run'],
    ],
  },
  {
    title: 'Use a model',
    pages: [
      ['docs/exports', 'Exports'],
      ['docs/library', 'In a program'],
    ],
  },
  {
    title: 'Machines and automation',
    pages: [
      ['docs/config', 'Settings and files'],
      ['docs/ci', 'CI, and many machines'],
      ['docs/queue', 'A queue'],
      ['docs/tracking', 'TensorBoard and MLflow'],
      ['docs/install', 'Installing'],
      ['docs/containers', 'Containers'],
      ['docs/windows', 'Windows'],
      ['docs/gpu', 'Graphics cards'],
      ['docs/engines', 'Engines'],
    ],
  },
  {
    title: 'Reference',
    pages: [
      ['docs/reference/commands', 'Commands'],
      ['docs/reference/settings', 'Settings, one by one'],
      ['CHANGELOG', 'Changes'],
      ['SECURITY', 'Security'],
      ['LICENSES', 'Licences'],
    ],
  },
  {
    title: 'How it is built',
    pages: [
      ['docs/architecture', 'Architecture'],
      ['docs/engine', 'The engine'],
      ['docs/extending', 'Extending it'],
      ['CONTRIBUTING', 'Contributing'],
      ['docs/dependencies', 'Dependencies'],
      ['docs/faults', 'Faults'],
      ['docs/fuzzing', 'Fuzzing'],
      ['docs/mutation', 'Mutation tests'],
      ['docs/decisions/0001-own-hdf5-reader', '1: own HDF5 reader'],
      ['docs/decisions/0002-changelog-by-hand', '2: changelog by hand'],
      ['docs/decisions/0003-onnx-graphs-as-engine', '3: ONNX graphs as engine'],
      ['docs/decisions/0004-settings-value', '4: settings as a value'],
      ['docs/decisions/0005-two-engines-one-contract', '5: two engines, one contract'],
    ],
  },
];
