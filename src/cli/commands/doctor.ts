import { EXIT_CODES } from '../../base/errors.ts';
import type { Output } from '../../outputs/index.ts';
import { type Check, examine } from '../../pipeline/inspect/doctor.ts';
import type { Command, Outcome } from '../command.ts';
import type { Terminal } from '../terminal.ts';
import { pad, printable, wrap } from '../width.ts';

export const command: Command = {
  usage: 'doctor',
  description: [
    'Checks what vggtune needs on this machine: Node.js, cores, memory, the engines and their devices,',
    'the image decoder, the cache folder and the weights in it, and says what to do where something is',
    'missing. Exits 5 when something that it cannot do without does not work.',
  ].join('\n'),
  positionals: { least: 0, most: 0, what: '' },
  options: [],
  examples: [['vggtune doctor --json', 'to add to a bug report']],
  run: async (_args, { terminal, storage }) => {
    const checks = await examine(storage);
    const failed = checks.some(({ state }) => state === 'failed');
    return {
      document: { ok: !failed, checks },
      text: checkLines(checks, terminal).join('\n'),
      exitCode: failed ? EXIT_CODES.unavailable : EXIT_CODES.ok,
    } satisfies Outcome<Output<'doctor'>>;
  },
};

const STATES = {
  ok: 'green',
  low: 'yellow',
  absent: 'dim',
  broken: 'yellow',
  failed: 'red',
} as const;

function checkLines(checks: readonly Check[], { paint, width }: Terminal): string[] {
  const names = Math.max(...checks.map(({ name }) => name.length));
  const indent = 7 + 1 + names + 1;
  return checks.flatMap(({ name, state, detail, fix }) => {
    const room = Math.max(20, width - indent);
    const [first = '', ...others] = [
      ...wrap(printable(detail), room),
      ...(fix === undefined ? [] : wrap(`-> ${fix}`, room)),
    ];
    return [
      `${paint(STATES[state], pad(state, 7))} ${pad(name, names)} ${first}`,
      ...others.map((line) => ' '.repeat(indent) + line),
    ];
  });
}
