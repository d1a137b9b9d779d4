import { z } from 'zod';
import { configJsonSchema, JSON_SCHEMA_DIALECT, type JsonSchema } from '../config/json-schema.ts';
import { adviceReport } from './advice.ts';
import { auditOutput } from './audit.ts';
import { batchOutput } from './batch.ts';
import { cacheOutput } from './cache.ts';
import {
  completionOutput,
  configOutput,
  demoOutput,
  describeOutput,
  doctorOutput,
  evaluateOutput,
  exportOutput,
  predictOutput,
  reportOutput,
  trainOutput,
  weightsOutput,
} from './commands.ts';
import { explainOutput } from './explain.ts';
import { featuresOutput } from './features.ts';
import { OUTPUT_NAMES, type OutputName } from './names.ts';
import { errorDocument } from './parts.ts';
import { planReport } from './plan.ts';
import { workerOutput } from './queue.ts';
import { runsOutput } from './runs.ts';

/** The documents that commands print with --json on success, by schema; the types are derived from these. */
export const OUTPUTS = {
  train: trainOutput,
  demo: demoOutput,
  batch: batchOutput,
  worker: workerOutput,
  advise: adviceReport,
  plan: planReport,
  audit: auditOutput,
  features: featuresOutput,
  config: configOutput,
  evaluate: evaluateOutput,
  report: reportOutput,
  runs: runsOutput,
  predict: predictOutput,
  export: exportOutput,
  weights: weightsOutput,
  cache: cacheOutput,
  describe: describeOutput,
  explain: explainOutput,
  completion: completionOutput,
  doctor: doctorOutput,
} as const satisfies Readonly<Record<OutputName, z.ZodType>>;

/** The document of a command. */
export type Output<Name extends OutputName> = z.output<(typeof OUTPUTS)[Name]>;

/**
 * The JSON Schema (2020-12) of all that a command may print on stdout with --json: its result, or
 * why it failed.
 */
export function outputJsonSchema(name: OutputName): JsonSchema {
  const either = z.union([OUTPUTS[name], errorDocument]);
  const schema = z.toJSONSchema(either, {
    io: 'output',
    override: ({ jsonSchema }) => {
      // Of interest to our types alone: nobody writes these documents back.
      delete jsonSchema.readOnly;
    },
  });
  return { ...schema, $schema: JSON_SCHEMA_DIALECT, title: `vggtune ${name} --json` };
}

/** The files of `presets/schemas`: one a command, and that of config files for editors. */
export function schemaFiles(): readonly { readonly name: string; readonly text: string }[] {
  const schemas = [
    { name: 'config-file.json', schema: configJsonSchema() },
    ...OUTPUT_NAMES.map((name) => ({ name: `${name}.json`, schema: outputJsonSchema(name) })),
  ];
  return schemas.map(({ name, schema }) => ({
    name,
    text: `${JSON.stringify(schema, null, 2)}\n`,
  }));
}
