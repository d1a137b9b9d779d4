import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { VggtuneError } from '../../src/base/errors.ts';
import { testStorage } from '../storage.ts';

beforeEach(() => {
  // The variables are read once, by whichever test comes first.
  vi.resetModules();
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy']) {
    vi.stubEnv(name, undefined);
  }
});
afterEach(() => vi.unstubAllEnvs());

const file = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url)));

/** As a proxy that opens encrypted connections: nobody has heard of who signed for it. */
async function untrusted<T>(work: (address: string) => Promise<T>): Promise<T> {
  const server = createServer(
    { key: file('untrusted.key'), cert: file('untrusted.crt') },
    (_, response) => response.end('x'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await work(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a certificate that is not trusted is told, with the variable that trusts it', async () => {
  const { downloadRange } = await import('../../src/weights/download.ts');
  const patience = { attempts: 1, delay: 0, stall: 4000 };
  const error = await untrusted((address) =>
    downloadRange(`${address}/file`, { start: 0, end: 1 }, { patience }).catch((e: unknown) => e),
  );
  expect((error as VggtuneError).details.fix).toContain('NODE_EXTRA_CA_CERTS');
  expect((error as VggtuneError).exitCode).toBe(5);
});

test('so is why another network is trained instead', async () => {
  const { whyUnavailable } = await import('../../src/weights/availability.ts');
  const why = await untrusted((address) => {
    vi.stubEnv('VGGTUNE_MIRROR', address);
    return whyUnavailable('vgg13', { storage: testStorage(), part: 'features' });
  });
  expect(why).toMatch(/cannot be fetched \(.*certificate.*NODE_EXTRA_CA_CERTS/);
});
