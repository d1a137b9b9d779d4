import type { Emit } from '../base/events.ts';
import type { Storage } from '../base/storage.ts';
import type { ConfigIssue } from '../config/issues.ts';
import type { Given } from '../config/texts.ts';
import type { Terminal } from './terminal.ts';

/** A flag that belongs to a command, not to the config's schema. */
export interface Option {
  readonly name: string;
  readonly alias?: string;
  /** `list`: may be given several times. */
  readonly kind: 'text' | 'boolean' | 'list';
  /** What stands for the value in the help: FOLDER. */
  readonly value?: string;
  readonly description: string;
  readonly choices?: readonly string[];
  /** May the flag stand without its value? */
  readonly valueOptional?: boolean;
}

/** What a user gave to a command, after its form was checked. */
export interface Arguments {
  readonly positionals: readonly string[];
  /** The last value of a text option. */
  text(name: string): string | undefined;
  flag(name: string): boolean;
  /** Was it given at all, with or without a value? */
  has(name: string): boolean;
  list(name: string): readonly string[];
  /** Flags that are keys of the config. */
  readonly config: readonly Given[];
  /** What is wrong with them so far; a command that takes config flags tells it with the rest. */
  readonly issues: readonly ConfigIssue[];
}

/** What a command works with. */
export interface Context {
  readonly terminal: Terminal;
  readonly emit: Emit;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  readonly environment: NodeJS.ProcessEnv;
  /** By the environment and `--cache`. */
  readonly storage: Storage;
}

/** What a command has to say: the text for a person, the document for a program. */
export interface Outcome<Document = unknown> {
  /** Plain JSON: what `--json` prints, in the form that `outputs` publishes. */
  readonly document: Document;
  readonly text: string;
  /** The text is data too: where it goes into a file, every character stays. */
  readonly forPrograms?: boolean;
  readonly exitCode?: number;
}

/** A command. Its module is loaded when it is called, and no sooner. */
export interface Command {
  /** After `vggtune`: `train FOLDER [flags]`. */
  readonly usage: string;
  /** Some sentences: what it does and what comes of it. */
  readonly description: string;
  /** How many words may stand behind the command. */
  readonly positionals: { readonly least: number; readonly most: number; readonly what: string };
  readonly options: readonly Option[];
  /** Does it also take every key of the config as a flag? */
  readonly takesConfig?: boolean;
  /** Command line and what it does. */
  readonly examples: readonly (readonly [string, string])[];
  run(args: Arguments, context: Context): Promise<Outcome>;
}
