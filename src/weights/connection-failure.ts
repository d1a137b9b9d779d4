import { messageOf, systemCode } from '../base/errors.ts';

const OR_FILE = 'or name a file with --weights FILE';

/** What Node says of connections that something between here and the server prevents, and what to do. */
const FIXES: readonly (readonly [codes: readonly string[], fix: string])[] = [
  [
    [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'CERT_UNTRUSTED',
    ],
    `something between here and the server signs the connection with a certificate that Node does not trust: set NODE_EXTRA_CA_CERTS to the file of your company's certificate, ${OR_FILE}`,
  ],
  [
    ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'],
    `by the clock of this machine a certificate is not valid today: set the clock, ${OR_FILE}`,
  ],
  [
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH'],
    `another machine answers than was asked, as before one has logged in to a network: open a page in a browser, ${OR_FILE}`,
  ],
];

/** undici has no code for a proxy that refuses. */
const PROXY_STATUS = /^Proxy response \((\d+)\)/;

/**
 * What to do where the connection itself is prevented: by a proxy that opens encrypted connections and signs them itself,
 * as those of companies do, by one that wants a password, or by a wrong clock; undefined for any other failure.
 */
export function connectionFix(cause: unknown): string | undefined {
  for (let error = cause, depth = 0; error !== undefined && depth < 5; depth++) {
    const code = systemCode(error) ?? '';
    const known = FIXES.find(([codes]) => codes.includes(code))?.[1] ?? proxyFix(messageOf(error));
    if (known !== undefined) return known;
    error = error instanceof Error ? error.cause : undefined;
  }
  return undefined;
}

function proxyFix(message: string): string | undefined {
  const [, status] = PROXY_STATUS.exec(message) ?? [];
  if (status === undefined) return undefined;
  if (status === '407') {
    return `the proxy wants a name and a password: HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT, ${OR_FILE}`;
  }
  return `the proxy of HTTPS_PROXY refuses the connection with the status ${status}: NO_PROXY names hosts that need none, ${OR_FILE}`;
}
