import type { Command } from '../command.ts';

export const command: Command = {
  usage: 'doctor',
  description: [
    'Checks what vggtune needs on this machine: Node.js, cores, memory, the engines and their devices,',
    'the image decoder, the cache folder and the weights in it, and says what to do where something is',
    'missing. A verdict comes first. Exits 5 when something that it cannot do without does not work.',
  ].join('\n'),
  positionals: { least: 0, most: 0, what: '', words: [] },
  options: [],
  examples: [['vggtune doctor --json', 'to add to a bug report']],
  run: async (...given) => (await import('../actions/doctor.ts')).run(...given),
};
