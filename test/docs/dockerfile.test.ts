import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string) => readFileSync(path, 'utf8');
const lines = read('docs/examples/Dockerfile')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const of = (word: string) =>
  lines.flatMap((line, at) => (line.startsWith(`${word} `) ? [{ text: line, at }] : []));
const stages = of('FROM');
const last = stages.at(-1)?.at ?? Number.NaN;

describe('docs/examples/Dockerfile', () => {
  it('leaves the sources and what they are built with in a stage of its own', () => {
    expect(stages.length).toBeGreaterThan(1);
    for (const { text } of of('COPY').filter(({ at }) => at > last))
      expect(text).toContain('--from=');
    expect(of('ADD')).toEqual([]);
  });

  it('begins with a Node.js that vggtune takes, on a system with glibc', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    const least = Number(/\d+/.exec(engines.node)?.[0]);
    for (const { text } of stages) {
      const [, major] = /^FROM node:(\d+)-\w+-slim( AS \w+)?$/.exec(text) ?? [];
      expect(Number(major), text).toBeGreaterThanOrEqual(least);
    }
  });

  it('ends as a user by number who is not root, and may write where vggtune writes', () => {
    const users = of('USER').filter(({ at }) => at > last);
    expect(users.at(-1)?.text).toMatch(/^USER [1-9]\d*:[1-9]\d*$/);
    expect(lines.join('\n')).toContain('mkdir -m 1777 /cache /work');
    expect(of('ENV').map(({ text }) => text)).toContain('ENV VGGTUNE_CACHE=/cache');
  });

  it('has vggtune itself as process 1, without a shell that would keep the signals', () => {
    expect(of('ENTRYPOINT').map(({ text }) => text)).toEqual(['ENTRYPOINT ["vggtune"]']);
    expect(read('bin/vggtune.js')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('is built without what git does not have, and without its history', () => {
    const left = read('.dockerignore').split('\n');
    const ignored = read('.gitignore')
      .split('\n')
      .filter((line) => line !== '');
    for (const line of ['.git', ...ignored.map((each) => each.replace(/^\/|\/$/g, ''))])
      expect(left.includes(line), line).toBe(true);
  });

  it('is the one that the page on containers leads to', () => {
    expect(read('docs/containers.md')).toContain('(examples/Dockerfile)');
  });
});
