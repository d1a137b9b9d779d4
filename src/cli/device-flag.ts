import { DEVICE_NAMES } from '../config/devices.ts';
import type { Arguments, Option } from './command.ts';

/** The flag of commands that use a trained model; of those that train, the device is a key of the config. */
export const DEVICE_OPTION: Option = {
  name: 'device',
  kind: 'text',
  value: 'NAME',
  description: 'where to compute, as for train; it never becomes another one',
  choices: DEVICE_NAMES,
};

/** The device that was asked for, as a part of a request. */
export function deviceOf(args: Arguments): { readonly device?: string } {
  const device = args.text('device');
  return device === undefined ? {} : { device };
}
