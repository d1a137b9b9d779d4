import { HEADS } from '../config/names.ts';
import type { Option } from './command.ts';

/** The size of a network that is given by name: a run and a file have their own. */
export const SIZE_OPTIONS: readonly Option[] = [
  {
    name: 'size',
    kind: 'text',
    value: 'N',
    description: 'of a network by name: side of the input',
  },
  { name: 'classes', kind: 'text', value: 'N', description: 'of a network by name (1000)' },
];

/** @param what which networks have it */
export const headOption = (what: string): Option => ({
  name: 'head',
  kind: 'text',
  value: 'NAME',
  description: what,
  choices: HEADS,
});
