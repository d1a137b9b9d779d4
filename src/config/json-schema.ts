import { z } from 'zod';
import { PRESETS } from './presets.ts';
import { runConfigSchema } from './schema.ts';

/**
 * The JSON Schema (2020-12) of a config file, for editors. No key is required, because a strategy,
 * a preset or a flag may give it; `extends` is added, which only files have.
 */
export function configJsonSchema(): Record<string, unknown> {
  const schema = withoutRequired(z.toJSONSchema(runConfigSchema, { io: 'input' }));
  const base = { anyOf: [{ enum: [...PRESETS] }, { type: 'string' }] };
  const properties = {
    extends: {
      description: 'a preset, a file relative to this one, or a list of them',
      anyOf: [base, { type: 'array', items: base }],
    },
    ...(schema.properties as Record<string, unknown>),
  };
  return { ...schema, title: 'vggtune config', properties };
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
