import { usageError } from '../../base/errors.ts';
import type { Settings } from '../../config/settings.ts';
import type { Output } from '../../outputs/index.ts';
import { advise } from '../../pipeline/advise.ts';
import type { Arguments, Command, Context, Outcome } from '../command.ts';
import { CONFIG_OPTIONS, configSettings } from '../config-sources.ts';
import { adviceLines } from '../report/advice.ts';

export const command: Command = {
  usage: 'advise FOLDER [flags]',
  description: [
    'Looks at the images and says which of the four strategies fits, with the evidence: how many',
    'there are and how many are copies of each other; how well the frozen features of the network',
    'separate the classes at several depths; and what each strategy would take on this machine, from',
    'a few real steps of each. With few images and a small network it also trains all four, a minute or',
    'two, and lets the result count: `--race` asks for that anywhere, `--advise.race never` forbids it.',
  ].join('\n'),
  positionals: { least: 0, most: 1, what: 'the folder of images' },
  options: [
    ...CONFIG_OPTIONS,
    {
      name: 'race',
      kind: 'text',
      value: 'EPOCHS',
      valueOptional: true,
      description:
        'train all four for so many epochs, and let the result count; by default those of a run, or fewer, by what they cost',
    },
    { name: 'skip-estimates', kind: 'boolean', description: 'do not measure time and memory' },
    { name: 'offline', kind: 'boolean', description: 'never fetch weights' },
  ],
  takesConfig: true,
  examples: [
    ['vggtune advise photos', 'evidence, choice, and what it takes'],
    ['vggtune advise photos --advise.similar 0.9', 'be harder to convince'],
    ['vggtune advise photos --race 5 --json', 'and try all four'],
  ],
  run,
};

async function run(args: Arguments, context: Context): Promise<Outcome<Output<'advise'>>> {
  const { terminal, storage, emit, signal, environment } = context;
  const settings = withRace(configSettings(args, environment), args);
  const offline = args.flag('offline');
  const estimates = !args.flag('skip-estimates');
  const report = await advise({ settings, estimates, offline, storage, signal, emit });
  return { document: report, text: adviceLines(report, terminal).join('\n') };
}

function withRace(settings: Settings, args: Arguments): Settings {
  if (!args.has('race')) return settings;
  const raceEpochs = epochsOf(args.text('race'));
  const values = { race: 'always', ...(raceEpochs !== undefined && { raceEpochs }) };
  return settings.with({ origin: '--race', values: { advise: values } });
}

/** The epochs of the race; undefined where the race chooses them itself. */
function epochsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  const details = { expected: 'a number of epochs, 1 or more', found: text, where: '--race' };
  throw usageError('--race takes a number of epochs', details);
}
