import { readFile } from 'node:fs/promises';
import { tensorReader, words } from './tensors.js';

const NAMES = ['plain-legacy', 'strided-legacy', 'wrapped-legacy', 'evil-legacy', 'other-legacy'];

/** The older form of PyTorch's files, which is pickles one after the other. */
export async function create({ load }) {
  return {
    seeds: await Promise.all(NAMES.map((name) => fixture(`torch/${name}.pth`))),
    tokens: PICKLE_WORDS,
    read: await tensorReader(load),
  };
}

export const fixture = (name) => readFile(new URL(`../../fixtures/${name}`, import.meta.url));

/** Operations, and the names that a state dict has. */
export const PICKLE_WORDS = words(
  ...['(', '.', '0', '1', '2', 'N', ']', ')', '}', 't', 'l', 'a', 'e', 's', 'u', 'b', 'Q', 'R'],
  ...['\x80\x02', '\x80\x05', '\x81', '\x85', '\x86', '\x87', '\x88', '\x89', '\x93', '\x94'],
  ...['q\x00', 'h\x00', 'h\x01', 'j\xff\xff\xff\xff', 'r\xff\xff\xff\xff', 'K\x00', 'M\xff\xff'],
  ...['J\xff\xff\xff\xff', 'J\x00\x00\x00\x80', '\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f'],
  ...['\x8b\xff\xff\xff\xff', 'X\xff\xff\xff\x7f', '\x8d\xff\xff\xff\xff\xff\xff\xff\xff'],
  ...[
    'X\x00\x00\x00\x00',
    'G\x7f\xf0\x00\x00\x00\x00\x00\x00',
    'G\x7f\xf8\x00\x00\x00\x00\x00\x00',
  ],
  ...['ccollections\nOrderedDict\n', 'ctorch._utils\n_rebuild_tensor_v2\n', 'cos\nsystem\n'],
  ...['ctorch._utils\n_rebuild_parameter\n', 'ctorch\nFloatStorage\n', 'ctorch\nHalfStorage\n'],
  ...['X\x07\x00\x00\x00storage', 'X\x01\x00\x00\x000', 'X\x03\x00\x00\x00cpu', '}}}}}}}}'],
);
