import { cacheWarningOnce } from '../base/cache-warning.ts';
import { dataError, EXIT_CODES, messageOf, systemCode, usageError } from '../base/errors.ts';
import type { Emit } from '../base/events.ts';
import { storageFrom } from '../base/storage-from.ts';
import { ownVersion } from '../base/version.ts';
import type { Arguments, Command, Context, Outcome } from './command.ts';
import { COMMANDS, type CommandRow } from './command-list.ts';
import { commandHelp, generalHelp } from './help.ts';
import { watchInterrupts } from './interrupt.ts';
import { watchOutput } from './output.ts';
import { splitCommand, TAKES_A_VALUE } from './split-command.ts';
import { type LogFormat, openTerminal, type Terminal } from './terminal.ts';
import { fitted, harmless, harmlessJson } from './width.ts';

/** Runs the command line and ends the process: the only place that does. */
export async function start(words: readonly string[] = process.argv.slice(2)): Promise<void> {
  const lost = watchOutput(process.stdout);
  // Nobody can be told that messages are lost; the result may be whole all the same.
  process.stderr.on('error', () => {});
  // The information that libtensorflow prints on its start, if it is used; its warnings stay.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
  // From 1.30 on ONNX Runtime collects data about its use for its maker, and writes files for that into the temporary
  // folder, unless this is set before its library is loaded.
  process.env.ORT_DISABLE_TELEMETRY = '1';
  const { environment, terminal } = surroundings(words);
  const code = await run(words, { environment, terminal }).catch((error: unknown) =>
    failed(error, terminal),
  );
  // Native threads may hold the process; what was written must still get out.
  await flushed(process.stdout);
  const error = lost();
  const last = error === undefined || code !== EXIT_CODES.ok ? code : await failed(error, terminal);
  await flushed(process.stderr);
  process.exit(last);
}

const flushed = (stream: NodeJS.WriteStream) =>
  new Promise<void>((done) => stream.write('', () => done()));

interface Surroundings {
  readonly environment: NodeJS.ProcessEnv;
  readonly terminal: Terminal;
}

/** The output settings, which are known before anything is parsed, because parse errors are written too. */
function surroundings(words: readonly string[]): Surroundings {
  const flags = beforeDashes(words);
  const has = (...names: readonly string[]) => names.some((name) => flags.includes(name));
  const environment = process.env;
  const terminal = openTerminal({
    json: has('--json', '--json=true'),
    quiet: has('--quiet', '-q', '--quiet=true'),
    color: has('--no-color', '--color=false') ? false : has('--color') ? true : undefined,
    log: logFormatOf(flags),
    environment,
  });
  return { environment, terminal };
}

/** What is no format is refused with the other flags; until then errors are text. */
function logFormatOf(flags: readonly string[]): LogFormat {
  const at = flags.findLastIndex((word) => /^--log-format(=|$)/.test(word));
  const value = flags[at]?.split('=')[1] ?? flags[at + 1];
  return at !== -1 && value === 'json' ? 'json' : 'text';
}

const beforeDashes = (words: readonly string[]) => {
  const end = words.indexOf('--');
  return end === -1 ? words : words.slice(0, end);
};

async function run(words: readonly string[], to: Surroundings): Promise<number> {
  if (words[0] === COMPLETE) return complete(words.slice(1));
  const { name, rest } = splitCommand(words);
  const asked = beforeDashes(words);
  const wantsHelp = asked.includes('--help') || asked.includes('-h');
  if (name === undefined || name === 'help') return general(name === undefined ? asked : rest, to);
  const row = COMMANDS.find((known) => known.name === name);
  if (row === undefined) throw await unknownCommand(name);
  const command = await row.load();
  if (wantsHelp) return printHelp(command, to);
  return runCommand(command, rest, to);
}

/** The first word by which the scripts of the shells ask what may stand at the cursor. */
const COMPLETE = '--complete-words';

/** Prints what may stand where the cursor is. The scripts drop stderr: a prompt is no place for an error. */
async function complete(words: readonly string[]): Promise<number> {
  const { suggest, suggestionLines } = await import('./completion/suggest.ts');
  print(`${suggestionLines(await suggest(words)).join('\n')}\n`);
  return EXIT_CODES.ok;
}

/** Handles a command line without a command: help, the version, or a flag that has no meaning. */
async function general(words: readonly string[], to: Surroundings): Promise<number> {
  const flags = words.filter((_, at) => !TAKES_A_VALUE.has(words[at - 1] ?? ''));
  const topic = COMMANDS.find(({ name }) => flags.includes(name));
  if (topic !== undefined) return printHelp(await topic.load(), to);
  if (words.includes('--version') || words.includes('-v') || words.includes('-V')) {
    return report({ document: { version: ownVersion() }, text: ownVersion() }, to.terminal);
  }
  const unknown = flags.find((word) => !GENERAL_FLAGS.has(word.replace(/=.*/, '')));
  if (unknown !== undefined) {
    const { didYouMean } = await import('../base/suggest.ts');
    throw usageError(`there is no flag ${unknown} without a command`, {
      fix: didYouMean(unknown, GENERAL_FLAGS) ?? 'vggtune --help lists the commands',
    });
  }
  const help = ['--help', '-h', 'help'].some((word) => flags.includes(word));
  const mayAsk = !words.includes('--no-input');
  if (!help && mayAsk && canAsk(to)) {
    return runCommand((await import('./wizard/command.ts')).command, words, to);
  }
  const text = generalHelp(ownVersion(), to.terminal);
  return report({ document: { help: text }, text }, to.terminal);
}

/** Whether there is a person at a terminal who can be asked. */
function canAsk({ terminal, environment }: Surroundings): boolean {
  const { stdin, stdout } = process;
  const terminals = stdin.isTTY === true && stdout.isTTY === true && environment.TERM !== 'dumb';
  return terminals && !terminal.json && !terminal.quiet && (environment.CI ?? '') === '';
}

const GENERAL_FLAGS: ReadonlySet<string> = new Set(
  '--help -h --version --json --quiet -q --color --no-color --no-input --cache --log-format help'.split(
    ' ',
  ),
);

async function printHelp(command: Command, { terminal }: Surroundings): Promise<number> {
  const takes = command.takesConfig === true;
  const fields = takes ? await (await import('../config/listed-fields.ts')).listedFields() : [];
  const text = commandHelp(command, fields, terminal);
  return report({ document: { help: text }, text }, terminal);
}

async function runCommand(
  command: Command,
  words: readonly string[],
  { terminal, environment }: Surroundings,
): Promise<number> {
  const args = await argumentsOf(command, words);
  const progress = await pickListener(terminal);
  const exit = (code: number) => process.exit(code);
  const note = (line: string) => {
    progress.close();
    terminal.note(line);
  };
  const interrupts = watchInterrupts({ note, exit });
  const context: Context = {
    terminal,
    environment,
    storage: storageFrom(environment, args.text('cache')),
    emit: cacheWarningOnce(progress.listen),
    signal: interrupts.signal,
  };
  try {
    return report(await command.run(args, context), terminal);
  } finally {
    progress.close();
    interrupts.release();
  }
}

async function argumentsOf(command: Command, words: readonly string[]): Promise<Arguments> {
  const { parseArguments } = await import('./arguments.ts');
  const args = parseArguments(command, words);
  if (command.takesConfig !== true && args.issues.length > 0) {
    const { ConfigError } = await import('../config/issues.ts');
    throw new ConfigError(args.issues);
  }
  return args;
}

/** Chooses the listener: a progress bar on a terminal, lines elsewhere, none with --quiet. */
async function pickListener(
  terminal: Terminal,
): Promise<{ readonly listen: Emit; readonly close: () => void }> {
  if (terminal.quiet) return { listen: () => {}, close: () => {} };
  if (terminal.log === 'json') {
    const { createJsonLines } = await import('./listeners/json-lines.ts');
    return { listen: createJsonLines(terminal), close: () => {} };
  }
  if (terminal.animated) return (await import('./listeners/bar.ts')).createBar(terminal);
  return { listen: (await import('./listeners/lines.ts')).createLines(terminal), close: () => {} };
}

function report(outcome: Outcome, terminal: Terminal): number {
  const { document, text, forPrograms = false, exitCode = EXIT_CODES.ok } = outcome;
  const isTerminal = process.stdout.isTTY === true;
  const shown = isTerminal
    ? terminal.symbols(fitted(harmless(text), forPrograms ? undefined : terminal.width))
    : forPrograms
      ? text
      : harmless(text);
  print(`${terminal.json ? harmlessJson(document) : shown}\n`);
  return exitCode;
}

async function failed(thrown: unknown, terminal: Terminal): Promise<number> {
  try {
    return await explained(thrown, terminal);
  } catch {
    // Without a file to open or memory to take, what would explain it cannot be loaded either.
    const isMachine = systemCode(thrown) !== undefined;
    const fix = isUnloaded(thrown) ? `\n  fix       ${UNLOADED_FIX}` : '';
    terminal.note(`${isMachine ? 'error' : 'bug'}: ${messageOf(thrown)}${fix}`);
    return isMachine ? EXIT_CODES.data : EXIT_CODES.bug;
  }
}

/** Node.js takes a package whose package.json it cannot open for one that is not there. */
const isUnloaded = (thrown: unknown) => systemCode(thrown) === 'ERR_MODULE_NOT_FOUND';

const UNLOADED_FIX =
  'raise the limit of open files (ulimit -n); where that is high enough, install vggtune again';

function explainUnloaded(thrown: unknown): unknown {
  if (!isUnloaded(thrown)) return thrown;
  return dataError('a part of vggtune cannot be loaded', {
    expected: 'the packages that were installed with it, in files that may be opened',
    found: messageOf(thrown),
    fix: UNLOADED_FIX,
    cause: thrown,
  });
}

async function explained(thrown: unknown, terminal: Terminal): Promise<number> {
  const { explainNative } = await import('../base/native-library.ts');
  const { explainMachine } = await import('../base/machine-failure.ts');
  const error = explainUnloaded(explainMachine(explainNative(thrown)));
  const { errorDocument, exitCodeOf, renderError } = await import('./render-error.ts');
  if (terminal.log === 'json') terminal.record({ type: 'error', ...errorDocument(error) });
  else terminal.note(renderError(error, terminal.paintError));
  if (terminal.json) print(`${harmlessJson(errorDocument(error))}\n`);
  return exitCodeOf(error);
}

async function unknownCommand(name: string): Promise<Error> {
  const { didYouMean } = await import('../base/suggest.ts');
  const names = COMMANDS.map((row: CommandRow) => row.name);
  const { otherCommand } = await import('./other-names.ts');
  const fix = otherCommand(name) ?? didYouMean(name, names) ?? 'vggtune --help lists the commands';
  const expected = `one of ${names.join(', ')}`;
  return usageError(`there is no command "${name}"`, { expected, fix });
}

function print(text: string): void {
  process.stdout.write(text);
}
