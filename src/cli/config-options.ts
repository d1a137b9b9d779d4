import { PRESETS } from '../config/names.ts';
import type { Option } from './command.ts';

/** The flags of commands that build a config. */
export const CONFIG_OPTIONS: readonly Option[] = [
  {
    name: 'preset',
    kind: 'text',
    value: 'NAME',
    description: "values that go over the strategy's own",
    choices: PRESETS,
  },
  {
    name: 'config',
    alias: 'c',
    kind: 'list',
    value: 'FILE',
    description: 'YAML or JSON file with settings; several: the last one wins',
  },
];
