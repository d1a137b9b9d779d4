import { stringify } from 'yaml';
import type { Explanation } from '../../config/explain.ts';
import { configJsonSchema, type JsonSchema } from '../../config/json-schema.ts';
import { type Output, outputJsonSchema } from '../../outputs/index.ts';
import { OUTPUT_NAMES } from '../../outputs/names.ts';
import type { Arguments, Context, Outcome } from '../command.ts';
import { configSettings } from '../config-sources.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';

export async function run(
  args: Arguments,
  { environment, terminal }: Context,
): Promise<Outcome<Output<'config'>>> {
  const of = OUTPUT_NAMES.find((name) => name === args.text('schema-of'));
  if (of !== undefined) return schemaOutcome(outputJsonSchema(of));
  if (args.flag('schema')) return schemaOutcome(configJsonSchema());
  // The folder may come later, on the command line of train.
  const folder = { origin: 'default', values: { data: 'FOLDER' } };
  const settings = configSettings(args, environment).with(folder, 'below');
  const config = { ...settings.for(), strategy: settings.strategy };
  const explanations = settings.explain();
  return {
    document: args.flag('explain') ? { config, explanations } : config,
    text: args.flag('explain')
      ? explainLines(explanations, terminal).join('\n')
      : stringify(config).trimEnd(),
    forPrograms: !args.flag('explain'),
  };
}

function schemaOutcome(schema: JsonSchema): Outcome<JsonSchema> {
  return { document: schema, text: JSON.stringify(schema, null, 2), forPrograms: true };
}

function explainLines(explanations: readonly Explanation[], { width, paint }: Terminal): string[] {
  const columns = [
    { header: 'key' },
    { header: 'value', shrinks: true },
    { header: 'from', shrinks: true },
  ];
  const rows = explanations.map(({ path, value, origin }) => [
    path,
    typeof value === 'string' ? value : JSON.stringify(value),
    origin,
  ]);
  const [header = '', ...lines] = table(columns, rows, width);
  return [paint('dim', header), ...lines];
}
