import type { Emit } from '../base/events.ts';
import type { ConfigIssue } from '../config/issues.ts';
import { type QueueAddress, readAddress } from '../queue/address.ts';
import { PASSWORD_VARIABLE } from '../queue/constants.ts';
import type { Arguments } from './command.ts';

/** The broker that `--queue` names; undefined without the flag. */
export function readQueue(
  args: Arguments,
  environment: NodeJS.ProcessEnv,
): { readonly address: QueueAddress | undefined } | { readonly issue: ConfigIssue } {
  const text = args.text('queue');
  if (text === undefined) return { address: undefined };
  return readAddress(text, environment[PASSWORD_VARIABLE]);
}

/** Tells once that a broker is away, and once that it is back. */
export function awayNotes(
  { shown }: QueueAddress,
  emit: Emit,
): (trouble: string | undefined) => void {
  let away = false;
  return (trouble) => {
    if (trouble === undefined) {
      if (away) emit({ type: 'note', message: `the broker ${shown} is back` });
      away = false;
    } else if (!away) {
      away = true;
      emit({ type: 'note', message: `the broker ${shown} is away (${trouble}); waiting for it` });
    }
  };
}
