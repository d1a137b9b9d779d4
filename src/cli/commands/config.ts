import { stringify } from 'yaml';
import type { Explanation } from '../../config/explain.ts';
import { configJsonSchema, type JsonSchema } from '../../config/json-schema.ts';
import { OUTPUT_NAMES, type Output, outputJsonSchema } from '../../outputs/index.ts';
import type { Arguments, Command, Context, Outcome } from '../command.ts';
import { CONFIG_OPTIONS, configSettings } from '../config-sources.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';

export const command: Command = {
  usage: 'config [FOLDER] [flags]',
  description: [
    'Prints the settings that `vggtune train` would use with the same flags, as YAML that --config',
    'takes. Nothing is read but config files. Where the strategy is auto, the values shown are those',
    'of strategy head.',
  ].join('\n'),
  positionals: { least: 0, most: 1, what: 'the folder of images' },
  options: [
    ...CONFIG_OPTIONS,
    { name: 'explain', kind: 'boolean', description: 'show where each value came from' },
    { name: 'schema', kind: 'boolean', description: 'print the JSON Schema of config files' },
    {
      name: 'schema-of',
      kind: 'text',
      value: 'COMMAND',
      description: 'print the JSON Schema of what a command prints with --json',
      choices: OUTPUT_NAMES,
    },
  ],
  takesConfig: true,
  examples: [
    ['vggtune config photos --strategy top > top.yaml', 'a file to start from'],
    ['vggtune config photos -c top.yaml --lr 1e-4 --explain', 'which source won'],
    ['vggtune config --schema > vggtune.schema.json', 'for an editor'],
    ['vggtune config --schema-of train > train.schema.json', 'for a program that reads --json'],
  ],
  run,
};

async function run(
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
