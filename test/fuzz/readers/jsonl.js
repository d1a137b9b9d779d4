import { words } from './tensors.js';

/** Lists of a JSON object a line, as of a Hugging Face imagefolder. */
export async function create({ load }) {
  const { jsonLineCandidates } = await load('dataset/inner-lists');
  return {
    seeds: [
      '{"file_name":"a.png","label":"cat"}\n{"file_name":"b.png","label":"dog"}\n',
      '{"file_name":"a.png","label":1,"more":{"x":[1]}}\r\n\r\n',
      '{"image":"a.png","text":"x","split":"train","label":true}\n',
    ].map((text) => Buffer.from(text)),
    tokens: words(
      ...[
        '{',
        '}',
        '"',
        ':',
        ',',
        '\n',
        '[',
        ']',
        'null',
        'file_name',
        'label',
        '__proto__',
        '../',
        '1e999',
      ],
    ),
    read: (bytes) => void jsonLineCandidates(bytes.toString(), '/data/metadata.jsonl'),
  };
}
