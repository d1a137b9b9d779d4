import { EXIT_CODES } from '../../base/errors.ts';
import type { Output } from '../../outputs/index.ts';
import {
  CHECK_GROUPS,
  type Check,
  type CheckGroup,
  examine,
  type GroupedCheck,
  verdict,
} from '../../pipeline/inspect/doctor.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import type { Terminal } from '../terminal.ts';
import { pad, printable, wrap } from '../width.ts';

export async function run(
  _args: Arguments,
  { terminal, storage }: Context,
): Promise<Outcome<Output<'doctor'>>> {
  const checks = await examine(storage);
  const failed = checks.some(({ state }) => state === 'failed');
  const said = verdict(checks);
  return {
    document: { ok: !failed, verdict: said, checks },
    text: [...verdictLines(said, failed, terminal), ...groupLines(checks, terminal)].join('\n'),
    exitCode: failed ? EXIT_CODES.unavailable : EXIT_CODES.ok,
  };
}

const STATES = {
  ok: 'green',
  low: 'yellow',
  absent: 'dim',
  broken: 'yellow',
  failed: 'red',
} as const;

const TITLES: Readonly<Record<CheckGroup, string>> = {
  machine: 'This machine',
  engines: 'Engines and devices: one that works is enough',
  images: 'Images',
  storage: 'Files',
  weights: 'Weights',
};

function verdictLines(said: string, failed: boolean, { paint, width }: Terminal): string[] {
  return wrap(printable(said), width).map((line) => paint(failed ? 'red' : 'green', line));
}

function groupLines(checks: readonly GroupedCheck[], terminal: Terminal): string[] {
  const names = Math.max(...checks.map(({ name }) => name.length));
  return CHECK_GROUPS.flatMap((group) => {
    const own = checks.filter((check) => check.group === group);
    const lines = group === 'weights' ? withoutRepeats(own) : own;
    return ['', TITLES[group], ...lines.flatMap((check) => checkLines(check, names, terminal))];
  });
}

/** Weights that are not there yet in one line: they are fetched when somebody wants them. */
function withoutRepeats(checks: readonly GroupedCheck[]): readonly Check[] {
  const missing = checks.filter(({ state }) => state === 'absent');
  if (missing.length < 2) return checks;
  const backbones = missing.map(({ name }) => name.replace(/^weights /, ''));
  const fix = 'they come with the first run that wants them, or: vggtune weights fetch NAME';
  const together: Check = {
    name: 'weights',
    state: 'absent',
    detail: `not fetched yet: ${backbones.join(', ')}`,
    fix,
  };
  return [...checks.filter(({ state }) => state !== 'absent'), together];
}

/** With less room, details stand below their names. */
const NARROWEST_DETAIL = 30;

function checkLines(
  { name, state, detail, fix }: Check,
  names: number,
  { paint, width }: Terminal,
): string[] {
  const beside = 2 + 7 + 1 + names + 1;
  const fits = width - beside >= NARROWEST_DETAIL;
  const indent = fits ? beside : 4;
  const room = width - indent;
  const [first = '', ...others] = [
    ...wrap(printable(detail), room),
    ...(fix === undefined ? [] : wrap(`-> ${fix}`, room)),
  ];
  const title = `  ${paint(STATES[state], pad(state, 7))} ${fits ? pad(name, names) : name}`;
  return [
    ...(fits ? [`${title} ${first}`] : [title, ' '.repeat(indent) + first]),
    ...others.map((line) => ' '.repeat(indent) + line),
  ];
}
