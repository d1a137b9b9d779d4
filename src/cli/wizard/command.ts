import { EXIT_CODES, interruptedError } from '../../base/errors.ts';
import type { PresetName } from '../../config/names.ts';
import type { StrategyName } from '../../config/schema.ts';
import { freeRunFolder } from '../../pipeline/inspect/preview.ts';
import { parseArguments } from '../arguments.ts';
import type { Arguments, Command, Context, Outcome } from '../command.ts';
import { command as train } from '../commands/train.ts';
import { type Advice, adviseOn, costOf } from './advice.ts';
import { type Answers, commandLine, configOf, fileOf, namedBackbone, wordsOf } from './answers.ts';
import { askFolder, describePreview, type Folder } from './folder.ts';
import { BACK, type Back, type Prompts, TerminalPrompts } from './prompts.ts';
import { askBackbone, askBudget, askExports, askStrategy, type Backbone } from './questions.ts';
import { Scroll } from './scroll.ts';
import { type Step, walk } from './steps.ts';
import { askAndSave, askDecision, type Decision, planLines } from './summary.ts';

/** The wizard: what `vggtune` runs on a terminal when no command is given. */
export const command: Command = {
  usage: '',
  description: 'Asks what to train on and how, shows the plan, and trains.',
  positionals: { least: 0, most: 0, what: '', words: [] },
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
  const scroll = new Scroll(terminal.symbols);
  const prompts = new TerminalPrompts(terminal, scroll);
  const wizard = new Wizard({ prompts, scroll, context });
  scroll.say([
    terminal.paint('bold', 'Fine-tune a VGG network on your images.'),
    'Escape goes back, Ctrl-C leaves. Nothing is written before the end.',
  ]);
  const steps: readonly Step<State>[] = [
    (state) => wizard.folder(state),
    (state) => wizard.budget(state),
    (state) => wizard.backbone(state),
    (state) => wizard.strategy(state),
    (state) => wizard.exports(state),
    (state) => wizard.decide(state),
  ];
  const { decision } = await walk<State>({}, steps, scroll);
  if (decision === undefined || decision.kind === 'quit') {
    throw interruptedError('the wizard was left', { fix: 'nothing was written; start it again' });
  }
  const { kind, words } = decision;
  const cache = args.text('cache');
  const command = commandLine(cache === undefined ? words : [...words, '--cache', cache]);
  if (kind === 'save') {
    return { document: { command }, text: `Train with:\n  ${command}`, exitCode: EXIT_CODES.ok };
  }
  scroll.say(['The same without the wizard:', `  ${command}`, '']);
  // The wizard trains by the very words that it prints.
  return train.run(parseArguments(train, words.slice(1)), context);
}

/** The questions. Each takes the answers so far, and returns them with its own. */
class Wizard {
  readonly #prompts: Prompts;
  readonly #scroll: Scroll;
  readonly #context: Context;
  readonly #layout: { readonly width: number };

  constructor(parts: { prompts: Prompts; scroll: Scroll; context: Context }) {
    this.#prompts = parts.prompts;
    this.#scroll = parts.scroll;
    this.#context = parts.context;
    this.#layout = { width: parts.context.terminal.width };
  }

  async folder(state: State): Promise<State | Back> {
    const begin = state.folder?.path ?? '';
    const found = await askFolder(this.#prompts, { begin, ...this.#layout });
    if (found === BACK) return BACK;
    this.#scroll.say([describePreview(found.path, found.data)]);
    return { ...state, folder: found };
  }

  async budget(state: State): Promise<State | Back> {
    const chosen = await askBudget(this.#prompts, { before: state.preset, layout: this.#layout });
    return chosen === BACK ? BACK : { ...state, preset: chosen };
  }

  async backbone(state: State): Promise<State | Back> {
    const usual = await usualBackbone(state, this.#context);
    const chosen = await askBackbone(this.#prompts, {
      ...usual,
      before: state.backbone,
      layout: this.#layout,
    });
    return chosen === BACK ? BACK : { ...state, backbone: chosen };
  }

  /** The strategy is measured on the network that was chosen: another one may see other images as alike. */
  async strategy(state: State): Promise<State | Back> {
    const { folder: place, backbone } = state;
    if (place === undefined || backbone === undefined) return BACK;
    const of = `${backbone} ${place.path}`;
    const known = state.advice?.of === of ? state.advice.found : undefined;
    const subject = { path: place.path, backbone };
    const found =
      known ?? (await adviseOn(subject, { context: this.#context, scroll: this.#scroll }));
    this.#scroll.say([`measured on ${backbone}:`, ...found.evidence]);
    const before = known === undefined ? undefined : state.strategy;
    const asked = { advice: found, backbone, before, layout: this.#layout };
    const chosen = await askStrategy(this.#prompts, asked);
    const next = { ...state, advice: { of, found } };
    return chosen === BACK ? BACK : { ...next, strategy: chosen };
  }

  async exports(state: State): Promise<State | Back> {
    const before = state.exports ?? configOf(baseWords(state), this.#context.environment).export;
    const chosen = await askExports(this.#prompts, before);
    return chosen === BACK ? BACK : { ...state, exports: chosen };
  }

  async decide(state: State): Promise<State | Back> {
    const { folder: place } = state;
    if (place === undefined) return BACK;
    const answers = await withFreeFolder(answersOf(state), this.#context.environment);
    const words = wordsOf(answers, this.#context.environment);
    const { width } = this.#layout;
    const config = configOf(words, this.#context.environment);
    this.#scroll.say(['measuring how long a step takes']);
    const cost = await costOf(words, this.#context);
    this.#scroll.say(['', ...planLines(config, { data: place.data, width, cost }), '']);
    const kind = await askDecision(this.#prompts);
    if (kind === BACK) return BACK;
    if (kind === 'train' || kind === 'quit') return { ...state, decision: { kind, words } };
    const parts = { prompts: this.#prompts, scroll: this.#scroll };
    const saved = await askAndSave(parts, fileOf(answers, this.#context.environment));
    return saved === BACK ? BACK : { ...state, decision: { kind, words: ['train', '-c', saved] } };
  }
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
