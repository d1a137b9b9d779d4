import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Behaviour {
  readonly ranges?: boolean;
  readonly etag?: string | null;
  /** Send the length. */
  readonly length?: boolean;
  /** For each request in turn: a status, or the number of bytes after which the line is cut. */
  readonly faults?: readonly ({ status: number } | { cutAfter: number } | 'stall' | 'fine')[];
  /** Bytes after those that were asked for, except where a fault is listed for the request. */
  readonly surplus?: number | undefined;
  /** Milliseconds between pieces of 64 kB. */
  readonly pause?: number;
}

export interface TestServer {
  readonly url: string;
  /** `range` headers of the requests for the file; '' without one. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** Serves one file at /file, and a redirect to it at /moved. */
export async function serve(content: Uint8Array, behaviour: Behaviour = {}): Promise<TestServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/moved') {
      response.writeHead(302, { location: '/file' }).end();
      return;
    }
    const fault = behaviour.faults?.[requests.length] ?? 'fine';
    requests.push(request.headers.range ?? '');
    if (fault === 'stall') return;
    if (typeof fault === 'object' && 'status' in fault) {
      response.writeHead(fault.status).end('no');
      return;
    }
    const cutAfter = typeof fault === 'object' ? fault.cutAfter : undefined;
    const surplus = requests.length > (behaviour.faults?.length ?? 0) ? behaviour.surplus : 0;
    void answer({ request, response, content, behaviour: { ...behaviour, surplus }, cutAfter });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/file`,
    requests,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

async function answer(exchange: {
  request: IncomingMessage;
  response: ServerResponse;
  content: Uint8Array;
  behaviour: Behaviour;
  cutAfter: number | undefined;
}): Promise<void> {
  const { request, response, content, behaviour, cutAfter } = exchange;
  const { ranges = true, etag = '"one"', length = true, pause = 0 } = behaviour;
  const range = ranges && sameVersion(request, etag) ? rangeOf(request, content.length) : undefined;
  const [start, end] = range ?? [0, content.length];
  if (start >= content.length) {
    response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
    return;
  }
  const headers: Record<string, string> = {};
  if (etag !== null) headers.etag = etag;
  if (range !== undefined) headers['content-range'] = `bytes ${start}-${end - 1}/${content.length}`;
  const { surplus = 0 } = behaviour;
  if (length) headers['content-length'] = String(end - start + surplus);
  response.writeHead(range === undefined ? 200 : 206, headers);
  const last = Math.min(end, start + (cutAfter ?? Number.POSITIVE_INFINITY));
  for (let at = start; at < last; at += 65536) {
    response.write(content.subarray(at, Math.min(last, at + 65536)));
    if (pause > 0) await new Promise((done) => setTimeout(done, pause));
  }
  if (cutAfter === undefined) response.end(new Uint8Array(surplus));
  else setTimeout(() => response.destroy(), 20);
}

function sameVersion(request: IncomingMessage, etag: string | null): boolean {
  const wanted = request.headers['if-range'];
  return wanted === undefined || wanted === etag;
}

function rangeOf(request: IncomingMessage, size: number): [number, number] | undefined {
  const [, start, end] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  if (start === undefined) return undefined;
  return [Number(start), Math.min(size, end === '' ? size : Number(end) + 1)];
}
