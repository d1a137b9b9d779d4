import type { z } from 'zod';
import { runConfigSchema } from './schema.ts';

/**
 * The kind of value that a field's text form holds. `switch` takes only `none`, which turns a whole group
 * off.
 */
export type FieldKind =
  | 'text'
  | 'number'
  | 'integer'
  | 'boolean'
  | 'choice'
  | 'numbers'
  | 'choices'
  | 'switch';

/** One key of the schema as a flag, a variable and a line of help. */
export interface Field {
  /** `optimizer.learningRate` */
  readonly path: string;
  /** `optimizer.learning-rate` */
  readonly flag: string;
  /** Shorter names of the flag. */
  readonly aliases: readonly string[];
  /** `VGGTUNE_OPTIMIZER_LEARNING_RATE` */
  readonly variable: string;
  readonly kind: FieldKind;
  readonly description: string;
  readonly choices: readonly string[];
  /** Whether `null` has a meaning. */
  readonly nullable: boolean;
  /** The word for null in a flag or variable. */
  readonly nullWord: 'auto' | 'none';
  /** The schema's own default; undefined when a preset gives it, or none. */
  readonly fallback: unknown;
  /** The first key of the path, or `main` for a key of the top level. */
  readonly group: string;
}

/** Short flags for frequent settings. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  'optimizer.kind': ['optimizer'],
  'optimizer.learningRate': ['lr', 'learning-rate'],
  'optimizer.weightDecay': ['weight-decay'],
  'optimizer.momentum': ['momentum'],
  'schedule.kind': ['schedule'],
  'schedule.warmup': ['warmup'],
  'head.kind': ['head'],
  'head.dropout': ['dropout'],
  'image.size': ['size'],
  'split.val': ['val'],
  'split.test': ['test'],
  'earlyStop.patience': ['patience'],
};

/** Flags that are named differently from their key, because the key's name would mislead. */
const RENAMED: Readonly<Record<string, string>> = {
  // `--cache` and VGGTUNE_CACHE name the cache folder.
  cache: 'feature-cache',
  weightsPreprocessing: 'weights.preprocessing',
};

interface SchemaNode {
  readonly type: z.ZodType;
  readonly description: string | undefined;
  readonly nullable: boolean;
  readonly fallback: unknown;
}

/** Unwraps defaults, nullables and the like from a schema, and records them. */
function unwrap(type: z.ZodType): SchemaNode {
  let inner = type;
  let description = type.description;
  let nullable = false;
  let fallback: unknown;
  for (;;) {
    const { def } = inner as z.ZodType & { def: z.core.$ZodTypeDef & Wrapping };
    if (def.innerType === undefined) return { type: inner, description, nullable, fallback };
    if (def.type === 'nullable') nullable = true;
    if (def.type === 'default') fallback = def.defaultValue;
    inner = def.innerType;
    description ??= inner.description;
  }
}

/** The part of a wrapper's definition that `unwrap` reads. */
interface Wrapping {
  readonly innerType?: z.ZodType;
  readonly defaultValue?: unknown;
}

/** The part of the other definitions that a field is made of. */
interface Leaf {
  readonly type: string;
  readonly entries?: Readonly<Record<string, string>>;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly element?: z.ZodType;
  readonly format?: string;
}

const definition = (type: z.ZodType) => (type as z.ZodType & { def: Leaf }).def;

function walk(shape: Readonly<Record<string, z.ZodType>>, prefix: readonly string[]): Field[] {
  return Object.entries(shape).flatMap(([key, type]) => {
    const path = [...prefix, key];
    const node = unwrap(type);
    const inner = definition(node.type).shape;
    if (inner === undefined) return [field(path, node)];
    const fields = walk(inner, path);
    return node.nullable ? [field(path, node), ...fields] : fields;
  });
}

/** `--learning-rate` as VGGTUNE_LEARNING_RATE. */
export function variableName(flag: string): string {
  return `VGGTUNE_${flag.replace(/[.-]/g, '_').toUpperCase()}`;
}

function field(path: readonly string[], node: SchemaNode): Field {
  const dotted = path.join('.');
  const flag = RENAMED[dotted] ?? path.map(kebab).join('.');
  return {
    path: dotted,
    flag,
    aliases: ALIASES[dotted] ?? [],
    variable: variableName(flag),
    kind: kindOf(node),
    description: node.description ?? '',
    choices: choicesOf(node.type),
    nullable: node.nullable,
    // Where null means that something else decides: a size, a layer.
    nullWord: ['integer', 'text'].includes(kindOf(node)) ? 'auto' : 'none',
    fallback: node.fallback,
    group: path.length === 1 ? 'main' : (path[0] ?? 'main'),
  };
}

function kindOf({ type }: SchemaNode): FieldKind {
  const leaf = definition(type);
  switch (leaf.type) {
    case 'number':
      return isInteger(type) ? 'integer' : 'number';
    case 'boolean':
      return 'boolean';
    case 'enum':
      return 'choice';
    case 'tuple':
      return 'numbers';
    case 'array':
      return 'choices';
    case 'object':
      return 'switch';
    default:
      return 'text';
  }
}

const isInteger = (type: z.ZodType) =>
  type.safeParse(1.5).error?.issues[0]?.code === 'invalid_type';

function choicesOf(type: z.ZodType): string[] {
  const { entries, element } = definition(type);
  if (entries !== undefined) return Object.values(entries);
  return element === undefined ? [] : choicesOf(element);
}

function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Every key of the schema, in its order. */
export const CONFIG_FIELDS: readonly Field[] = walk(runConfigSchema.shape, []);

const BY_PATH: ReadonlyMap<string, Field> = new Map(CONFIG_FIELDS.map((each) => [each.path, each]));

export function fieldAt(path: string): Field | undefined {
  return BY_PATH.get(path);
}

/** The keys of a group (`optimizer`, `augment.crop`), or of the top level for the empty path. */
export function knownKeys(group: string): string[] {
  const prefix = group === '' ? '' : `${group}.`;
  const below = CONFIG_FIELDS.filter((each) => each.path.startsWith(prefix));
  return [...new Set(below.map((each) => each.path.slice(prefix.length).split('.')[0] ?? ''))];
}
