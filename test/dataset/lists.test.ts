import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { collectCsv } from '../../src/dataset/csv-list.ts';
import { useTemporaryFolder, writePictures } from './images.ts';

const folder = useTemporaryFolder();

async function collect(text: string, images: readonly string[] = [], name = 'list.csv') {
  await mkdir(folder(), { recursive: true });
  await writePictures(folder(), [...images]);
  const path = join(folder(), name);
  await writeFile(path, text);
  return collectCsv(path);
}

const pairs = (
  files: readonly { readonly path: string; readonly className: string; readonly side?: string }[],
) =>
  files.map(({ path, className, side }) =>
    [path, className, ...(side === undefined ? [] : [side])].join(' '),
  );

describe('lists that people have', () => {
  test.each<[string, string, string[]]>([
    [
      'semicolons, as Excel writes them in German',
      'path;label\na.png;Katze\nb.png;"Hund; groß"\n',
      ['a.png Katze', 'b.png Hund; groß'],
    ],
    [
      'a first line that names the separator',
      'sep=;\r\na.png;cat\r\nb.png;dog\r\n',
      ['a.png cat', 'b.png dog'],
    ],
    ['tabs', 'a.png\tcat\nb b.png\tbig dog\tval\n', ['a.png cat', 'b b.png big dog val']],
    [
      "pandas' index, without a name",
      ',image,label\n0,a.png,cat\n1,b.png,dog\n',
      ['a.png cat', 'b.png dog'],
    ],
    [
      "pandas' index, read twice",
      'Unnamed: 0,image_path,class,subset\n0,a.png,cat,Training\n1,b.png,dog,validation\n',
      ['a.png cat train', 'b.png dog val'],
    ],
    [
      'filename and class, with sizes between them',
      'filename,width,height,class\na.png,4,4,cat\nb.png,4,4,dog\n',
      ['a.png cat', 'b.png dog'],
    ],
    ['id and category', 'id,category\na.png,cat\nb.png,dog\n', ['a.png cat', 'b.png dog']],
    [
      'a label under a name that is not known',
      'image,Wetter\na.png,sun\nb.png,rain\n',
      ['a.png sun', 'b.png rain'],
    ],
    [
      "Roboflow's columns of 0 and 1",
      'filename, cat, dog\na.png, 1, 0\nb.png, 0, 1\n',
      ['a.png cat', 'b.png dog'],
    ],
    [
      "Label Studio's export",
      'annotation_id,annotator,choice,created_at,id,image,lead_time,updated_at\n1,1,cat,2026,7,/data/local-files/?d=x%20y/a.png,3.2,2026\n2,1,dog,2026,8,/data/upload/1/b.png,1.0,2026\n',
      ['x y/a.png cat', '1/b.png dog'],
    ],
    [
      "pandas' get_dummies, with an index",
      ',image,label_cat,label_dog\n0,a.png,True,False\n1,b.png,False,True\n',
      ['a.png label_cat', 'b.png label_dog'],
    ],
    [
      "pandas' reset_index, and a split",
      'level_0,image,label,split\n0,a.png,cat,train\n1,b.png,dog,valid\n',
      ['a.png cat train', 'b.png dog val'],
    ],
    [
      'vertical bars',
      'image|label\na.png|cat\nb b.png|big dog\n',
      ['a.png cat', 'b b.png big dog'],
    ],
    [
      'paths of a shell of Windows, and of the current folder',
      '.\\cats\\0.png,cat\ndogs\\x/1.png,dog\n',
      ['cats/0.png cat', 'dogs/x/1.png dog'],
    ],
    [
      'addresses of files of this machine',
      'file:///data/my%20cats/0.png,cat\nfile://localhost/data/1.png,dog\n',
      ['/data/my cats/0.png cat', '/data/1.png dog'],
    ],
    [
      'backslashes, as Windows writes them',
      'cats\\0.png,cat\ndogs\\1.png,dog\n',
      ['cats/0.png cat', 'dogs/1.png dog'],
    ],
    [
      'the header of a Hugging Face imagefolder',
      'file_name,label,caption\na.png,cat,x\nb.png,dog,y\n',
      ['a.png cat', 'b.png dog'],
    ],
  ])('%s', async (_, text, expected) => {
    expect(pairs((await collect(text)).files)).toEqual(expected);
  });

  test.each([
    ['utf-16le', Buffer.from('\ufeffimage\tlabel\na.png\tKöter\n', 'utf16le')],
    ['utf-16be', Buffer.from('\ufeffimage\tlabel\na.png\tKöter\n', 'utf16le').swap16()],
  ])('%s, as Excel saves Unicode text', async (_, bytes) => {
    await mkdir(folder(), { recursive: true });
    const path = join(folder(), 'unicode.txt');
    await writeFile(path, bytes);
    expect(pairs((await collectCsv(path)).files)).toEqual(['a.png Köter']);
  });

  test('Latin-1 is refused, with the name that Excel has for UTF-8', async () => {
    await mkdir(folder(), { recursive: true });
    const path = join(folder(), 'latin.csv');
    await writeFile(path, Buffer.from('a.png,K\xf6ter\n', 'latin1'));
    await expect(collectCsv(path)).rejects.toMatchObject({
      details: { fix: expect.stringContaining('CSV UTF-8') },
    });
  });

  test('what is taken from which column is said, and what is not used', async () => {
    const { notes } = await collect('index,image,score,label\n0,a.png,3,cat\n');
    expect(notes?.join()).toContain(
      'paths are taken from the column "image", labels from "label"; not used: score',
    );
  });

  test('names without their ending, in a folder beside the list', async () => {
    const found = await collect(
      'id,breed\na1,boxer\na2,beagle\n',
      ['train/a1.png', 'train/a2.png'],
      'train.csv',
    );
    expect(pairs(found.files)).toEqual(['train/a1.png boxer', 'train/a2.png beagle']);
    expect(found.skipped).toEqual([]);
    expect(found.notes?.join()).toContain('train/a1.png');
  });

  test.each([
    ['two classes at once', 'filename,cat,dog\na.png,1,1\n', 'more than one, is 1'],
    [
      'a header without labels',
      'image,width,height\na.png,4,5\n',
      'no column of labels: image, width, height',
    ],
    ['a path of Windows', 'C:\\data\\a.png,cat\n', 'a path of Windows'],
    ['a path of a network of Windows', '\\\\server\\share\\a.png,cat\n', 'a path of Windows'],
    ['an address of the web', 'https://example.org/a.png,cat\n', 'an address: download it'],
    ['a split that is none', 'image,label,split\na.png,cat,maybe\n', 'split is maybe'],
  ])('%s is refused with its line', async (_, text, reason) => {
    await expect(collect(text)).rejects.toMatchObject({
      details: { found: expect.stringContaining(reason) },
    });
  });
});
