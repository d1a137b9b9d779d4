import { z } from 'zod';
import { GATE_METRICS } from './gates.ts';
import { PRESETS } from './names.ts';
import { runConfigSchema } from './schema.ts';

/** A schema that names its dialect. */
export interface JsonSchema {
  readonly [key: string]: unknown;
  readonly $schema: string;
}

export const JSON_SCHEMA_DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/**
 * The JSON Schema (2020-12) of a config file, for editors. No key is required, because a strategy,
 * a preset or a flag may give it; `extends`, `matrix` and `failIf` are added, which only files have.
 */
export function configJsonSchema(): JsonSchema {
  const schema = withoutRequired(z.toJSONSchema(runConfigSchema, { io: 'input' }));
  const settings = schema.properties as Properties;
  const { out: _, ...variable } = settings;
  const base = { anyOf: [{ enum: [...PRESETS] }, { type: 'string' }] };
  const properties = {
    extends: {
      description: 'a preset, a file relative to this one, or a list of them',
      anyOf: [base, { type: 'array', items: base }],
    },
    ...settings,
    matrix: {
      ...matrixOf(variable),
      description: 'for `vggtune batch`: keys with lists of values, every combination is a run',
    },
    failIf: {
      description: "for `vggtune batch`: conditions under which a run fails: 'accuracy < 0.9'",
      anyOf: [CONDITION, { type: 'array', items: CONDITION }],
    },
  };
  return { ...schema, $schema: JSON_SCHEMA_DIALECT, title: 'vggtune config', properties };
}

type Properties = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const CONDITION = {
  type: 'string',
  pattern: `^\\s*(${Object.keys(GATE_METRICS).join('|')})\\s*(<|<=|>|>=)\\s*[-+0-9.eE]+\\s*%?\\s*$`,
} as const;

function matrixOf(settings: Properties): Record<string, unknown> {
  const properties = Object.fromEntries(axesOf(settings));
  return { type: 'object', properties, additionalProperties: false };
}

/** A key may stand dotted, or in its group; a group may also be varied whole. */
function axesOf(settings: Properties): [string, Record<string, unknown>][] {
  return Object.entries(settings).flatMap(([key, schema]) => {
    const { default: _, ...items } = schema;
    const list = { type: 'array', items, minItems: 1, uniqueItems: true };
    const group = groupOf(schema);
    if (group === undefined) return [[key, list]];
    const dotted = axesOf(group).map(([inner, axis]): [string, Record<string, unknown>] => [
      `${key}.${inner}`,
      axis,
    ]);
    return [[key, { anyOf: [list, matrixOf(group)] }], ...dotted];
  });
}

/** The keys of a group, which may be one that null turns off. */
function groupOf({ properties, anyOf }: Properties[string]): Properties | undefined {
  if (properties !== undefined) return properties as Properties;
  const forms = Array.isArray(anyOf) ? (anyOf as Properties[string][]) : [];
  return forms.map(groupOf).find((group) => group !== undefined);
}

function withoutRequired(schema: object): Record<string, unknown> {
  const entries = Object.entries(schema).filter(([key]) => key !== 'required');
  return Object.fromEntries(
    entries.map(([key, value]: [string, unknown]) => [key, descend(value)]),
  );
}

function descend(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(descend);
  return typeof value === 'object' && value !== null ? withoutRequired(value) : value;
}
