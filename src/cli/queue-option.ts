import type { Option } from './command.ts';

/** The flag that names a broker. */
export const QUEUE_OPTION: Option = {
  name: 'queue',
  kind: 'text',
  value: 'URL',
  description:
    'Redis or Valkey, as redis://host:6379/0; its password is best in VGGTUNE_QUEUE_PASSWORD',
};
