import { readFileSync } from 'node:fs';
import { createServer as createPlainServer, type Server } from 'node:http';
import { createServer, get } from 'node:https';
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

async function listening<T>(server: Server, work: (host: string) => Promise<T>): Promise<T> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await work(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** As a proxy that opens encrypted connections: nobody has heard of who signed for it. */
function untrusted<T>(work: (address: string) => Promise<T>): Promise<T> {
  const options = { key: file('untrusted.key'), cert: file('untrusted.crt') };
  const server = createServer(options, (_, response) => response.end('x'));
  return listening(server, (host) => work(`https://${host}`));
}

const patience = { attempts: 1, delay: 0, stall: 4000 };

test('a certificate that is not trusted is told, with the variable that trusts it', async () => {
  const { downloadRange } = await import('../../src/weights/download.ts');
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

test.each([
  ['expired.crt', /set the clock/],
  ['names.crt', /another machine answers.*log/],
])('%s: what Node says of it is told with what to do', async (name, fix) => {
  const { connectionFix } = await import('../../src/weights/connection-failure.ts');
  const cert = file(name);
  const server = createServer({ key: file('other.key'), cert }, (_, response) => response.end('x'));
  // Trusted, so that what is wrong beside that shows.
  const error = await listening(
    server,
    (host) =>
      new Promise((resolve) => {
        get(`https://${host}`, { ca: cert, agent: false }, resolve).on('error', resolve);
      }),
  );
  expect(connectionFix(error)).toMatch(fix);
  expect(connectionFix(new Error('fetch failed', { cause: error }))).toMatch(fix);
});

test.each([
  [407, /HTTPS_PROXY=http:\/\/NAME:PASSWORD@HOST:PORT/],
  [403, /refuses the connection with the status 403.*NO_PROXY/],
])('a proxy that answers %i is told, with what to do', async (status, fix) => {
  const proxy = createPlainServer();
  proxy.on('connect', (_, socket) =>
    socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`),
  );
  const error = await listening(proxy, async (host) => {
    vi.stubEnv('HTTPS_PROXY', `http://${host}`);
    vi.stubEnv('NO_PROXY', '');
    vi.stubEnv('no_proxy', undefined);
    const { downloadRange } = await import('../../src/weights/download.ts');
    const range = { start: 0, end: 1 };
    return downloadRange('https://weights.example/file', range, { patience }).catch(
      (e: unknown) => e,
    );
  });
  expect((error as VggtuneError).details.fix).toMatch(fix);
  expect((error as VggtuneError).exitCode).toBe(5);
});

test.each(['127.0.0.1:9', 'localhost:9', 'ftp://proxy:9', 'user:s3cret@proxy'])(
  'a proxy variable that holds %s, which is no address, is told and not shown',
  async (value) => {
    vi.stubEnv('HTTPS_PROXY', value);
    vi.stubEnv('no_proxy', undefined);
    const { downloadRange } = await import('../../src/weights/download.ts');
    const { whyUnavailable } = await import('../../src/weights/availability.ts');
    const range = { start: 0, end: 1 };
    const error = (await downloadRange('https://weights.example/file', range, { patience }).catch(
      (e: unknown) => e,
    )) as VggtuneError;
    expect(error.exitCode).toBe(2);
    expect(error.details.expected).toContain('http://HOST:PORT');
    expect(error.message + error.details.found).not.toContain('s3cret');
    vi.stubEnv('VGGTUNE_MIRROR', undefined);
    const why = await whyUnavailable('vgg13', { storage: testStorage(), part: 'features' });
    expect(why).toMatch(/^they cannot be fetched \(a proxy variable holds no address; HTTP_PROXY/);
  },
);
