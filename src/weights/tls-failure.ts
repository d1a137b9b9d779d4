import { systemCode } from '../base/errors.ts';

/** What Node says of a certificate that it does not trust. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
]);

/**
 * What to do where a proxy opens encrypted connections and signs them itself, as those of companies do; undefined for
 * any other failure.
 */
export function tlsFix(cause: unknown): string | undefined {
  for (let error = cause, depth = 0; error !== undefined && depth < 5; depth++) {
    if (UNTRUSTED.has(systemCode(error) ?? '')) {
      return "something between here and the server signs the connection with a certificate that Node does not trust: set NODE_EXTRA_CA_CERTS to the file of your company's certificate, or name a file with --weights FILE";
    }
    error = error instanceof Error ? error.cause : undefined;
  }
  return undefined;
}
