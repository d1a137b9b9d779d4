/** The commands, each of which prints a document of its own with --json. */
export const OUTPUT_NAMES = [
  'train',
  'demo',
  'batch',
  'worker',
  'advise',
  'plan',
  'config',
  'evaluate',
  'report',
  'audit',
  'features',
  'runs',
  'predict',
  'export',
  'weights',
  'cache',
  'describe',
  'explain',
  'completion',
  'doctor',
] as const;
export type OutputName = (typeof OUTPUT_NAMES)[number];
