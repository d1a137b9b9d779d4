import type { ConfigIssue } from '../config/issues.ts';
import { PASSWORD_VARIABLE } from './constants.ts';

/** Where a broker is, and how to log in. */
export interface QueueAddress {
  readonly host: string;
  readonly port: number;
  /** The number of the database. */
  readonly db: number;
  readonly tls: boolean;
  readonly username?: string;
  readonly password?: string;
  /** The URL without its password, for messages. */
  readonly shown: string;
}

const FORM = 'redis://HOST:PORT/DB, or rediss:// for TLS';
const DEFAULT_PORT = 6379;

type AddressRead = { readonly address: QueueAddress } | { readonly issue: ConfigIssue };

/**
 * Reads the URL of a broker.
 * @param password used where the URL has none
 */
export function readAddress(text: string, password?: string): AddressRead {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['redis:', 'rediss:'].includes(url.protocol)) return wrong(text);
  if (url.hostname === '' || url.search !== '' || url.hash !== '') return wrong(text);
  const [, db = ''] = /^\/?(\d{0,5})$/.exec(url.pathname) ?? [];
  if (db === '' && !['', '/'].includes(url.pathname)) return wrong(text);
  const [username, secret] = [decoded(url.username), decoded(url.password)];
  if (username === undefined || secret === undefined) return wrong(text);
  const given = secret === '' ? (password ?? '') : secret;
  return {
    address: {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? DEFAULT_PORT : Number(url.port),
      db: Number(db),
      tls: url.protocol === 'rediss:',
      ...(username !== '' && { username }),
      ...(given !== '' && { password: given }),
      shown: withoutPassword(text),
    },
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * The text of a URL without the password in it: also of one that is no URL, since whoever misspells it has a password all
 * the same.
 */
export function withoutPassword(url: string): string {
  // Other programs take passwords behind a question mark, too.
  const text = url.replace(/\?.*$/s, '?...');
  const at = text.lastIndexOf('@');
  if (at < 0) return text;
  const [, scheme = ''] = /^([a-z][a-z0-9+.-]*:\/\/)/i.exec(text) ?? [];
  const login = text.slice(scheme.length, at);
  const colon = login.indexOf(':');
  const user = scheme === '' ? '' : colon < 0 ? login : login.slice(0, colon);
  return `${scheme}${user}${user === '' ? '' : '@'}${text.slice(at + 1)}`;
}

function wrong(text: string): { readonly issue: ConfigIssue } {
  return {
    issue: {
      path: '',
      where: '--queue',
      message: 'not the URL of a broker',
      expected: FORM,
      found: withoutPassword(text),
      fix: `characters such as @ and / in a password are written %40 and %2F; or give it in ${PASSWORD_VARIABLE}`,
    },
  };
}
