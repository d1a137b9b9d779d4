import type { VggtuneError } from '../base/errors.ts';
import { ConfigError } from '../config/issues.ts';

/** Why something cannot be done with these settings, as one line. */
export function whyNot(error: VggtuneError): string {
  if (error instanceof ConfigError) return error.issues.map(({ message }) => message).join('; ');
  return error.message.replaceAll('\n', ' ');
}
