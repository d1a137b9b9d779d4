import { DEVICE_NAMES } from '../../config/devices.ts';
import type { Field } from '../../config/fields.ts';
import type { Option, WordKind } from '../command.ts';

/** A flag as the shell sees it. */
export interface Flag {
  readonly names: readonly string[];
  readonly description: string;
  /** What its value may be; absent: it takes none. */
  readonly value?: WordKind;
  /** Whether the value may be left out. */
  readonly valueOptional?: boolean;
  /** Whether it may be given again. */
  readonly repeats: boolean;
}

/** What stands for a path in the help, and which paths it stands for. */
const PLACEHOLDERS: Readonly<Record<string, WordKind>> = {
  RUN: { paths: 'run' },
  FOLDER: { paths: 'folder' },
  FILE: { paths: 'file' },
};

export function flagOfOption(option: Option): Flag {
  const { name, alias, kind, choices, value = '', description, valueOptional = false } = option;
  const names = [`--${name}`, ...(alias === undefined ? [] : [`-${alias}`])];
  const repeats = kind === 'list';
  if (kind === 'boolean') return { names: withOff(names, name === 'color'), description, repeats };
  const word = choices === undefined ? (PLACEHOLDERS[value] ?? {}) : { names: choices };
  return { names, description, value: word, valueOptional, repeats };
}

/** Keys that hold any text, and what is usually in it. */
const TEXTS: Readonly<Record<string, WordKind>> = {
  data: { paths: 'file' },
  out: { paths: 'folder' },
  weights: { names: ['auto', 'random'], paths: 'file' },
  weightsPreprocessing: { names: ['auto', 'torchvision', 'keras', 'unit'], paths: 'file' },
  device: { names: DEVICE_NAMES },
  log: { names: ['tensorboard', 'mlflow=http://localhost:5000'], list: true },
};

export function flagOfField(field: Field): Flag {
  const { path, kind, flag, aliases, choices, nullable, nullWord, fallback, description } = field;
  const names = [...aliases, flag].map((name) => `--${name}`);
  if (kind === 'boolean') {
    return { names: withOff(names, fallback === true), description, repeats: false };
  }
  const nothing = nullable || kind === 'switch' ? [nullWord] : [];
  const own = TEXTS[path] ?? { names: [...choices, ...nothing], list: kind === 'choices' };
  return { names, description, value: own, repeats: false };
}

/** A flag that is on by default is mostly written to turn it off. */
const withOff = (names: readonly string[], isOn: boolean) =>
  isOn ? [...names, ...names.map((name) => name.replace('--', '--no-'))] : names;
