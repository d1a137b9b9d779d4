import { messageOf, systemCode, unavailableError, type VggtuneError } from '../base/errors.ts';
import type { QueueAddress } from './address.ts';
import { PASSWORD_VARIABLE } from './constants.ts';

/** What a failure means: by its system code, or by the first word of what the broker says. */
const MEANINGS: Readonly<Record<string, readonly [found: string, fix: string]>> = {
  ECONNREFUSED: [
    'nothing listens there',
    'start Redis or Valkey there, or correct the host and port of --queue',
  ],
  ENOTFOUND: ['there is no such host', 'correct the host of --queue'],
  EAI_AGAIN: [
    'the name of the host cannot be looked up',
    'correct the host of --queue, or try again',
  ],
  ETIMEDOUT: [
    'it does not answer',
    'check that the broker runs, that this machine may reach its port, and whether it wants TLS (rediss://) or not (redis://)',
  ],
  NOAUTH: ['it wants a password', `give it in ${PASSWORD_VARIABLE}, or in the URL`],
  WRONGPASS: [
    'it refuses the user name or the password',
    `correct the user name in the URL, and the password in it or in ${PASSWORD_VARIABLE}`,
  ],
  NOPERM: [
    'the user lacks permissions',
    'give the user all commands on the keys bull:vggtune:*, scripts among them',
  ],
  LOADING: ['it is still loading its data', 'try again in a while'],
  MASTERDOWN: ['it is a copy whose master is away', 'name the master in --queue'],
  READONLY: ['it is a copy that cannot be written to', 'name the master in --queue'],
  MISCONF: ['it cannot write its data to its disk', "free space on the broker's disk"],
  OOM: ['it is out of memory', 'give the broker more memory'],
};

const DATABASE: readonly [string, string] = [
  'it has no database of that number',
  'use a lower number behind the last / of --queue, as 0',
];

/**
 * A broker that cannot be used, as an error that says what to do.
 * @param error what the client threw; undefined: nothing came back in time
 */
export function brokerError(address: QueueAddress, error: unknown): VggtuneError {
  const [found, fix] = meaningOf(error);
  return unavailableError(`the broker ${address.shown} cannot be used`, {
    expected: 'Redis or Valkey',
    found,
    where: '--queue',
    fix,
    // What the client threw is no cause to keep: it has the command that failed with all its words, the password among them.
  });
}

function meaningOf(error: unknown): readonly [string, string] {
  const message = error === undefined ? 'ETIMEDOUT' : messageOf(error);
  const [, word = ''] = /^(?:ReplyError: )?([A-Z_]+)\b/.exec(message) ?? [];
  const known = MEANINGS[systemCode(error) ?? ''] ?? MEANINGS[word];
  if (known !== undefined) return known;
  if (/DB index|SELECT is not allowed/i.test(message)) return DATABASE;
  if (/RESP|Protocol error/.test(message)) {
    return ['something else answers there', 'correct the host and port of --queue'];
  }
  return [message, 'check the host, the port and redis:// or rediss:// (TLS) of --queue'];
}

export function missingPackages(error: unknown): VggtuneError {
  return unavailableError('a queue needs the packages bullmq and ioredis', {
    expected: 'both beside vggtune',
    found: messageOf(error),
    where: '--queue',
    fix: 'run "npm install bullmq@6 ioredis@6" (with -g if vggtune was installed so); or divide the batch without a queue: --shard I/N',
    cause: error,
  });
}
