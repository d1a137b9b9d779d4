import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { VggtuneError } from '../../src/base/errors.ts';
import { missingPackages } from '../../src/queue/broker-errors.ts';
import { expectBroker, loadPackages } from '../../src/queue/bullmq.ts';
import { queuedJob } from '../../src/queue/job-record.ts';

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A server that answers each command with one text, or with nothing; returns its port. */
function answering(text: string | undefined): Promise<number> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket
      .on('error', () => {})
      .on('data', (sent) => {
        const commands = sent.toString().match(/\*\d+\r\n/g)?.length ?? 1;
        if (text !== undefined) socket.write(text.repeat(commands));
      });
  });
  servers.push(server);
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => {
      const at = server.address();
      done(typeof at === 'object' && at !== null ? at.port : 0);
    });
  });
}

async function failureOf(port: number): Promise<VggtuneError> {
  const shown = `redis://me@127.0.0.1:${port}/0`;
  const address = { host: '127.0.0.1', port, db: 0, tls: false, password: 'secret', shown };
  const failed = await expectBroker(await loadPackages(), address, 500).catch((error) => error);
  expect(JSON.stringify([failed, failed.message, failed.details])).not.toContain('secret');
  return failed;
}

describe('a broker that cannot be used', () => {
  it.each([
    ['is silent', undefined, 'it does not answer'],
    ['wants a password', '-NOAUTH Authentication required.\r\n', 'it wants a password'],
    ['refuses it', '-WRONGPASS invalid username-password pair\r\n', /refuses the user name/],
    ['is something else', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'something else answers there'],
  ])('%s', async (_, text, found) => {
    const error = await failureOf(await answering(text));
    expect(error).toMatchObject({ kind: 'unavailable', exitCode: 5 });
    expect(error.details.found).toMatch(found);
    expect(error.details.fix).toBeTruthy();
  });

  it('is not there', async () => {
    const port = await answering(undefined);
    await new Promise((done) => servers.pop()?.close(done));
    expect((await failureOf(port)).details.found).toBe('nothing listens there');
  });

  it('packages that are not there are named, with the command that installs them', () => {
    const error = missingPackages(new Error("Cannot find package 'bullmq'"));
    expect(error.exitCode).toBe(5);
    expect(error.details.fix).toContain('npm install bullmq@6 ioredis@6');
  });
});

describe('a job as the broker keeps it', () => {
  const fields = { id: 'run-1', data: {}, progress: 0, returnvalue: null, attemptsMade: 0 };
  const worker = { host: 'node7', pid: 1 };

  it('is done when it ended with figures, and failed without', () => {
    const returnvalue = { worker, strategy: 'top', metrics: { accuracy: 1 }, seconds: 1 };
    expect(queuedJob({ ...fields, returnvalue, finishedOn: 1 }, 'waiting')).toMatchObject({
      state: 'done',
      done: { strategy: 'top', metrics: { accuracy: 1 }, warnings: [] },
    });
    const failed = queuedJob({ ...fields, failedReason: 'data: x', finishedOn: 1 }, 'waiting');
    expect(failed).toMatchObject({ state: 'failed', error: 'data: x' });
    expect(queuedJob(fields, 'delayed').state).toBe('delayed');
  });

  it.each([
    ['an event of another form', { worker, event: { type: 'step', epoch: 'one' } }, { worker }],
    ['an event that is not shown', { worker, event: { type: 'file', path: 'x' } }, { worker }],
    ['no worker', { event: { type: 'stage', message: 'm' } }, undefined],
    ['a number', 3, undefined],
  ])('shows no %s', (_, progress, expected) => {
    expect(queuedJob({ ...fields, progress }, 'active').progress).toEqual(expected);
  });
});
