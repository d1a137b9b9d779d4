import { words } from './tensors.js';

/** Lists of images. */
export async function create({ load }) {
  const { candidatesOf, decodeText } = await load('dataset/csv-list');
  return {
    seeds: [
      'path,label\na.jpg,cat\nb/c.png,dog\n',
      '\ufefffile,class,split\r\n"a ""b"".jpg" , cat,train\r\n\r\nd.webp,dog,test\r\n',
      'x.jpg,1,train\ry.jpg,2,val\rz.txt,3\r"a\nb.jpg",4',
      '/data/a.jpg,cat\n../b.jpg,dog\na.jpg,cat\na.jpg,dog,val\n',
    ].map((text) => Buffer.from(text)),
    tokens: words(
      ...['"', '""', ',', '\n', '\r\n', '\r', '\t', ' ', '\0', '\xef\xbb\xbf', '../', '/', '\\'],
      ...[
        'path,label\n',
        'train',
        'val',
        'test',
        'validation',
        '.jpg',
        '=cmd|',
        '\xc3\xa9',
        '\xff',
      ],
      ...['"""""""', ',,,,,,', '\x1b[2J', '\xe2\x80\xae', '__proto__', 'C:\\a.jpg'],
    ),
    read: (bytes) => void candidatesOf(decodeText(bytes, '/data/list.csv'), '/data/list.csv'),
  };
}
