import type { Emit } from '../base/events.ts';
import type { Storage } from '../base/storage.ts';
import type { ConfigIssue } from '../config/issues.ts';
import type { Given } from '../config/texts.ts';
import type { Terminal } from './terminal.ts';

/** What a word may be: a name of a list, a path, or any text. */
export interface WordKind {
  readonly names?: readonly string[];
  readonly paths?: 'run' | 'folder' | 'file';
  /** Whether several names may stand with commas between them. */
  readonly list?: boolean;
}

/** A flag that belongs to a command, not to the config's schema. */
export interface Option {
  readonly name: string;
  readonly alias?: string;
  /** `list`: may be given several times. */
  readonly kind: 'text' | 'boolean' | 'list';
  /** The placeholder of the value in the help: FOLDER. */
  readonly value?: string;
  readonly description: string;
  readonly choices?: readonly string[];
  /** Whether the flag may be given without a value. */
  readonly valueOptional?: boolean;
}

/** The arguments of a command, after their form was checked. */
export interface Arguments {
  readonly positionals: readonly string[];
  /** The last value of a text option. */
  text(name: string): string | undefined;
  flag(name: string): boolean;
  /** Whether the flag was given, with or without a value. */
  has(name: string): boolean;
  list(name: string): readonly string[];
  /** Flags that are keys of the config. */
  readonly config: readonly Given[];
  /** Issues found so far; a command that takes config flags reports them together with its own. */
  readonly issues: readonly ConfigIssue[];
}

/** The context of a command. */
export interface Context {
  readonly terminal: Terminal;
  readonly emit: Emit;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  readonly environment: NodeJS.ProcessEnv;
  /** The storage that the environment and `--cache` name. */
  readonly storage: Storage;
}

/** The result of a command: the text for a person, the document for a program. */
export interface Outcome<Document = unknown> {
  /** Plain JSON: what `--json` prints, in the form that `outputs` publishes. */
  readonly document: Document;
  readonly text: string;
  /** Whether the text is data for a file or a pipe, in which every character must stay. */
  readonly forPrograms?: boolean;
  readonly exitCode?: number;
}

/** A command. Its module is loaded only when it is called. */
export interface Command {
  /** After `vggtune`: `train FOLDER [flags]`. */
  readonly usage: string;
  /** What the command does, in a few sentences. */
  readonly description: string;
  /** The number of positional arguments. */
  readonly positionals: {
    readonly least: number;
    readonly most: number;
    readonly what: string;
    /** What each of them may be, for completion; the last one stands for all that follow. */
    readonly words: readonly WordKind[];
  };
  readonly options: readonly Option[];
  /** Whether every key of the config is a flag of the command. */
  readonly takesConfig?: boolean;
  /** Pairs of a command line and what it does. */
  readonly examples: readonly (readonly [string, string])[];
  run(args: Arguments, context: Context): Promise<Outcome>;
}
