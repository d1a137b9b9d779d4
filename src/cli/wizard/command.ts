import { EXIT_CODES, interruptedError } from '../../base/errors.ts';
import type { PresetName } from '../../config/presets.ts';
import type { StrategyName } from '../../config/schema.ts';
import { freeRunFolder } from '../../pipeline/inspect/preview.ts';
import { parseArguments } from '../arguments.ts';
import type { Arguments, Command, Context, Outcome } from '../command.ts';
import { command as train } from '../commands/train.ts';
import { wrap } from '../width.ts';
import { type Advice, adviseOn } from './advice.ts';
import { type Answers, commandLine, configOf, fileOf, namedBackbone, wordsOf } from './answers.ts';
import { askFolder, describePreview, type Folder } from './folder.ts';
import { BACK, type Back, createPrompts, type Prompts } from './prompts.ts';
import { askBackbone, askBudget, askExports, askStrategy, type Backbone } from './questions.ts';
import { walk } from './steps.ts';
import { askAndSave, askDecision, type Decision, planLines } from './summary.ts';

/** The wizard: what `vggtune` runs on a terminal when no command is given. */
export const command: Command = {
  usage: '',
  description: 'Asks what to train on and how, shows the plan, and trains.',
  positionals: { least: 0, most: 0, what: '' },
  options: [],
  examples: [],
  run,
};

/** The answers so far. Going back keeps them, so that they are offered again. */
interface State {
  readonly folder?: Folder;
  readonly advice?: { readonly of: string; readonly found: Advice };
  readonly strategy?: StrategyName;
  readonly preset?: PresetName;
  readonly backbone?: Backbone;
  readonly exports?: readonly string[];
  readonly decision?: { readonly kind: Decision; readonly words: readonly string[] };
}

async function run(args: Arguments, context: Context): Promise<Outcome> {
  const { terminal } = context;
  const wizard = createWizard(createPrompts(terminal.paint), context);
  say(context, [
    terminal.paint('bold', 'Fine-tune a VGG network on your images.'),
    'Escape goes back, Ctrl-C leaves. Nothing is written before the end.',
  ]);
  const { decision } = await walk<State>({}, [
    wizard.folder,
    wizard.strategy,
    wizard.budget,
    wizard.backbone,
    wizard.exports,
    wizard.decide,
  ]);
  if (decision === undefined || decision.kind === 'quit') {
    throw interruptedError('the wizard was left', { fix: 'nothing was written; start it again' });
  }
  const { kind, words } = decision;
  const cache = args.text('cache');
  const command = commandLine(cache === undefined ? words : [...words, '--cache', cache]);
  if (kind === 'save') {
    return { document: { command }, text: `Train with:\n  ${command}`, exitCode: EXIT_CODES.ok };
  }
  say(context, ['The same without the wizard:', `  ${command}`, '']);
  // The wizard trains by the very words that it prints.
  return train.run(parseArguments(train, words.slice(1)), context);
}

/** Prints lines of prose, wrapped to the terminal; indented lines are commands and stay whole. */
function say({ terminal }: Context, lines: readonly string[]): void {
  for (const line of lines) {
    const parts = line.startsWith('  ') ? [line] : wrap(line, terminal.width);
    for (const part of parts) process.stdout.write(`${part}\n`);
  }
}

function createWizard(prompts: Prompts, context: Context) {
  const layout = { width: context.terminal.width };
  const { environment } = context;

  async function folder(state: State): Promise<State | Back> {
    const found = await askFolder(prompts, state.folder?.path ?? '');
    if (found === BACK) return BACK;
    say(context, [describePreview(found.path, found.data)]);
    return { ...state, folder: found };
  }

  async function strategy(state: State): Promise<State | Back> {
    const { folder: place } = state;
    if (place === undefined) return BACK;
    const known = state.advice?.of === place.path ? state.advice.found : undefined;
    const found = known ?? (await adviseOn(place, context));
    if (known === undefined) say(context, found.evidence);
    const chosen = await askStrategy(prompts, { advice: found, layout });
    const next = { ...state, advice: { of: place.path, found } };
    return chosen === BACK ? BACK : { ...next, strategy: chosen };
  }

  async function budget(state: State): Promise<State | Back> {
    const chosen = await askBudget(prompts, { before: state.preset, layout });
    return chosen === BACK ? BACK : { ...state, preset: chosen };
  }

  async function backbone(state: State): Promise<State | Back> {
    const usual = await usualBackbone(state, context);
    const chosen = await askBackbone(prompts, { ...usual, before: state.backbone });
    return chosen === BACK ? BACK : { ...state, backbone: chosen };
  }

  async function exports(state: State): Promise<State | Back> {
    const before = state.exports ?? configOf(baseWords(state), environment).export;
    const chosen = await askExports(prompts, before);
    return chosen === BACK ? BACK : { ...state, exports: chosen };
  }

  async function decide(state: State): Promise<State | Back> {
    const { folder: place } = state;
    if (place === undefined) return BACK;
    const answers = await withFreeFolder(answersOf(state), environment);
    const words = wordsOf(answers, environment);
    const { width } = layout;
    const config = configOf(words, environment);
    say(context, ['', ...planLines(config, { data: place.data, width }), '']);
    const kind = await askDecision(prompts);
    if (kind === BACK) return BACK;
    if (kind === 'train' || kind === 'quit') return { ...state, decision: { kind, words } };
    const saved = await askAndSave(prompts, fileOf(answers, environment));
    return saved === BACK ? BACK : { ...state, decision: { kind, words: ['train', '-c', saved] } };
  }

  return { folder, strategy, budget, backbone, exports, decide };
}

/** The backbone that a preset or a variable names, or else the one whose weights are available. */
async function usualBackbone(state: State, { environment, storage, signal }: Context) {
  const named = namedBackbone(baseWords(state), environment);
  if (named !== undefined) return { own: named, why: 'goes with your time' };
  const { defaultBackbone } = await import('../../pipeline/prepare/default-backbone.ts');
  const own = await defaultBackbone({ storage, signal });
  return { own, why: own === 'vgg16' ? 'goes with your time' : 'its weights are here' };
}

function baseWords({ folder, strategy, preset }: State): readonly string[] {
  const flags = ['--strategy', strategy ?? 'head', '--preset', preset ?? 'balanced'];
  return ['train', folder?.path ?? '', ...flags];
}

function answersOf(state: State): Answers {
  const { folder, strategy, preset, backbone, exports, advice } = state;
  const freeze = strategy === advice?.found.strategy ? advice?.found.freeze : null;
  return {
    data: folder?.path ?? '',
    strategy: strategy ?? 'head',
    preset: preset ?? 'balanced',
    backbone: backbone ?? 'vgg16',
    exports: exports ?? [],
    ...(freeze === null || freeze === undefined ? {} : { freeze }),
  };
}

/** Chooses a free run folder: an existing run is left alone, and the new one gets the next free name. */
async function withFreeFolder(answers: Answers, environment: NodeJS.ProcessEnv): Promise<Answers> {
  const { out } = configOf(wordsOf(answers, environment), environment);
  const free = await freeRunFolder(out);
  return free === out ? answers : { ...answers, out: free };
}
