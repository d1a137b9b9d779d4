import { EXIT_CODES } from '../../base/errors.ts';
import type { Output } from '../../outputs/index.ts';
import { type Check, examine } from '../../pipeline/doctor.ts';
import type { Command, Outcome } from '../command.ts';
import type { Terminal } from '../terminal.ts';
import { pad } from '../width.ts';

export const command: Command = {
  usage: 'doctor',
  description: [
    'Checks what vggtune needs on this machine: Node.js, the engines and their devices, the image',
    'decoder, memory and the cache folder. Exits 5 when something that it cannot do without does not work.',
  ].join('\n'),
  positionals: { least: 0, most: 0, what: '' },
  options: [],
  examples: [['vggtune doctor --json', 'to add to a bug report']],
  run: async (_args, { terminal }) => {
    const checks = await examine();
    const failed = checks.some(({ state }) => state === 'failed');
    return {
      document: { ok: !failed, checks },
      text: checks.flatMap((check) => checkLines(check, terminal)).join('\n'),
      exitCode: failed ? EXIT_CODES.unavailable : EXIT_CODES.ok,
    } satisfies Outcome<Output<'doctor'>>;
  },
};

const STATES = { ok: 'green', absent: 'dim', broken: 'yellow', failed: 'red' } as const;

function checkLines({ name, state, detail, fix }: Check, { paint }: Terminal): string[] {
  const line = `${paint(STATES[state], pad(state, 7))} ${pad(name, 17)} ${detail}`;
  return fix === undefined ? [line] : [line, `${' '.repeat(26)}${fix}`];
}
