import { EXIT_CODES, interruptedError } from '../../base/errors.ts';
import type { PresetName } from '../../config/names.ts';
import type { StrategyName } from '../../config/schema.ts';
import { freeRunFolder } from '../../pipeline/inspect/preview.ts';
import { parseArguments } from '../arguments.ts';
import type { Arguments, Command, Context, Outcome } from '../command.ts';
import { command as train } from '../commands/train.ts';
import { wrap } from '../width.ts';
import { type Advice, adviseOn } from './advice.ts';
import { type Answers, commandLine, configOf, fileOf, namedBackbone, wordsOf } from './answers.ts';
import { askFolder, describePreview, type Folder } from './folder.ts';
import { BACK, type Back, type Prompts, TerminalPrompts } from './prompts.ts';
import { askBackbone, askBudget, askExports, askStrategy, type Backbone } from './questions.ts';
import { walk } from './steps.ts';
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
  const wizard = new Wizard(new TerminalPrompts(terminal.paint), context);
  say(context, [
    terminal.paint('bold', 'Fine-tune a VGG network on your images.'),
    'Escape goes back, Ctrl-C leaves. Nothing is written before the end.',
  ]);
  const { decision } = await walk<State>({}, [
    (state) => wizard.folder(state),
    (state) => wizard.strategy(state),
    (state) => wizard.budget(state),
    (state) => wizard.backbone(state),
    (state) => wizard.exports(state),
    (state) => wizard.decide(state),
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

/** The questions. Each takes the answers so far, and returns them with its own. */
class Wizard {
  readonly #prompts: Prompts;
  readonly #context: Context;
  readonly #layout: { readonly width: number };

  constructor(prompts: Prompts, context: Context) {
    this.#prompts = prompts;
    this.#context = context;
    this.#layout = { width: context.terminal.width };
  }

  async folder(state: State): Promise<State | Back> {
    const found = await askFolder(this.#prompts, state.folder?.path ?? '');
    if (found === BACK) return BACK;
    say(this.#context, [describePreview(found.path, found.data)]);
    return { ...state, folder: found };
  }

  async strategy(state: State): Promise<State | Back> {
    const { folder: place } = state;
    if (place === undefined) return BACK;
    const known = state.advice?.of === place.path ? state.advice.found : undefined;
    const found = known ?? (await adviseOn(place, this.#context));
    if (known === undefined) say(this.#context, found.evidence);
    const chosen = await askStrategy(this.#prompts, { advice: found, layout: this.#layout });
    const next = { ...state, advice: { of: place.path, found } };
    return chosen === BACK ? BACK : { ...next, strategy: chosen };
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
    say(this.#context, ['', ...planLines(config, { data: place.data, width }), '']);
    const kind = await askDecision(this.#prompts);
    if (kind === BACK) return BACK;
    if (kind === 'train' || kind === 'quit') return { ...state, decision: { kind, words } };
    const saved = await askAndSave(this.#prompts, fileOf(answers, this.#context.environment));
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
