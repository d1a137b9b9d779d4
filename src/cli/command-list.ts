import type { Command } from './command.ts';

/** A row of the list of commands: all that the general help needs, so that it loads nothing. */
export interface CommandRow {
  readonly name: string;
  readonly summary: string;
  readonly group: string;
  readonly load: () => Promise<Command>;
}

export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'train',
    summary: 'fine-tune a network on a folder of images',
    group: 'Train',
    load: async () => (await import('./commands/train.ts')).command,
  },
  {
    name: 'demo',
    summary: 'train a small network on emoji images, in about a minute',
    group: 'Train',
    load: async () => (await import('./commands/demo.ts')).command,
  },
  {
    name: 'batch',
    summary: 'train the runs that config files describe, and rank them',
    group: 'Train',
    load: async () => (await import('./commands/batch.ts')).command,
  },
  {
    name: 'worker',
    summary: 'train the runs that batches have put into a queue',
    group: 'Train',
    load: async () => (await import('./commands/worker.ts')).command,
  },
  {
    name: 'advise',
    summary: 'say which strategy fits the images, with the evidence',
    group: 'Train',
    load: async () => (await import('./commands/advise.ts')).command,
  },
  {
    name: 'plan',
    summary: 'show everything that train would do, without training',
    group: 'Train',
    load: async () => (await import('./commands/plan.ts')).command,
  },
  {
    name: 'audit',
    summary: 'find wrong labels, copies and odd images in a folder',
    group: 'Train',
    load: async () => (await import('./commands/audit.ts')).command,
  },
  {
    name: 'features',
    summary: 'run the frozen layers over the images ahead of training, by shares',
    group: 'Train',
    load: async () => (await import('./commands/features.ts')).command,
  },
  {
    name: 'config',
    summary: 'show the settings that a run would have, and where each comes from',
    group: 'Train',
    load: async () => (await import('./commands/config.ts')).command,
  },
  {
    name: 'evaluate',
    summary: 'measure a trained model: accuracy, confusion, each class',
    group: 'Use a trained model',
    load: async () => (await import('./commands/evaluate.ts')).command,
  },
  {
    name: 'report',
    summary: 'a page about runs: figures, curves, mix-ups and the worst images',
    group: 'Use a trained model',
    load: async () => (await import('./commands/report.ts')).command,
  },
  {
    name: 'runs',
    summary: 'list, compare and remove runs',
    group: 'Use a trained model',
    load: async () => (await import('./commands/runs.ts')).command,
  },
  {
    name: 'predict',
    summary: 'name the class of images',
    group: 'Use a trained model',
    load: async () => (await import('./commands/predict.ts')).command,
  },
  {
    name: 'export',
    summary: 'write a trained model in other formats',
    group: 'Use a trained model',
    load: async () => (await import('./commands/export.ts')).command,
  },
  {
    name: 'weights',
    summary: 'list, fetch, verify and import pretrained weights',
    group: 'Look closer',
    load: async () => (await import('./commands/weights.ts')).command,
  },
  {
    name: 'cache',
    summary: 'show what the cache folder holds, and make room in it',
    group: 'Look closer',
    load: async () => (await import('./commands/cache.ts')).command,
  },
  {
    name: 'describe',
    summary: 'show the layers of a network or run, and what a weights file holds',
    group: 'Look closer',
    load: async () => (await import('./commands/describe.ts')).command,
  },
  {
    name: 'explain',
    summary: 'explain a network: what it sees, holds, costs and trains',
    group: 'Look closer',
    load: async () => (await import('./commands/explain.ts')).command,
  },
  {
    name: 'completion',
    summary: 'print a script that completes commands, flags and runs in a shell',
    group: 'Look closer',
    load: async () => (await import('./commands/completion.ts')).command,
  },
  {
    name: 'doctor',
    summary: 'check that everything vggtune needs works here',
    group: 'Look closer',
    load: async () => (await import('./commands/doctor.ts')).command,
  },
];
