import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeIssue } from '../../src/config/issues.ts';
import { readAddress, withoutPassword } from '../../src/queue/address.ts';

function addressOf(text: string, password?: string) {
  const read = readAddress(text, password);
  if ('issue' in read) throw new Error(describeIssue(read.issue));
  return read.address;
}

describe('the URL of a broker', () => {
  it('says host, port, database and login', () => {
    expect(addressOf('redis://me:p%40ss@node7:6380/3')).toEqual({
      ...{ host: 'node7', port: 6380, db: 3, tls: false, username: 'me', password: 'p@ss' },
      shown: 'redis://me@node7:6380/3',
    });
  });

  it.each([
    ['redis://node7', 'node7', 6379, 0, false],
    ['redis://node7/', 'node7', 6379, 0, false],
    ['rediss://node7:1/12', 'node7', 1, 12, true],
    ['redis://[::1]:7000/1', '::1', 7000, 1, false],
  ])('%s', (text, host, port, db, tls) => {
    expect(addressOf(text)).toEqual({ host, port, db, tls, shown: text });
  });

  it('takes its password from elsewhere where it has none', () => {
    expect(addressOf('redis://h', 'secret').password).toBe('secret');
    expect(addressOf('redis://:own@h', 'secret').password).toBe('own');
    expect(addressOf('redis://h', 'secret').shown).toBe('redis://h');
  });

  it.each([
    ...[
      '',
      'localhost',
      'localhost:6379',
      'http://h/0',
      'redis://',
      'redis:///0',
      'redis://h/zero',
    ],
    ...[
      'redis://h/0/1',
      'redis://h:70000/0',
      'redis://h/-1',
      'redis://h/0?tls=true',
      'redis://%zz@h',
    ],
  ])('refuses "%s"', (text) => {
    expect(readAddress(text)).toMatchObject({ issue: { where: '--queue' } });
  });
});

describe('a password', () => {
  const forms: readonly ((password: string) => string)[] = [
    (password) => `redis://:${password}@host:6379/0`,
    (password) => `redis://me:${password}@host:6379/0`,
    (password) => `rediss://${encodeURIComponent(password)}:${password}@host/zero`,
    (password) => `http://me:${password}@host/0`,
    (password) => `me:${password}@host`,
    (password) => `redis://host/0?password=${password}`,
  ];

  it.each(forms.slice(1))('is not shown, whatever is in it (%#)', (form) => {
    const password = fc.string({ minLength: 6 }).map((text) => `Xq${text}qX`);
    fc.assert(
      fc.property(password, (secret) => {
        const text = form(secret);
        const user = /^\w+:\/\/Xq/.test(text) ? /^\w+:\/\/([^:@]*)/.exec(text)?.[1] : undefined;
        const shown = withoutPassword(text).replace(user ?? '\0', '');
        expect(shown).not.toContain(secret);
        const read = readAddress(text);
        const said = 'issue' in read ? describeIssue(read.issue) : read.address.shown;
        expect(said.replace(user ?? '\0', '')).not.toContain(secret);
      }),
    );
  });
});
