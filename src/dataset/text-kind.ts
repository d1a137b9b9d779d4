/** What a text is that lies where an image should be. */
export interface TextKind {
  /** An image of a kind that is not read. */
  readonly kind?: 'svg';
  /** Why it is no image, and what to do. */
  readonly reason?: string;
}

/**
 * Downloads leave texts under the names of images: the page of an error, the pointer of a file that was not fetched, an
 * answer in XML. SVG is the only text among them that is an image.
 * @param start the first bytes of the file, some hundred
 * @returns undefined for what is no such text
 */
export function textKind(start: Uint8Array): TextKind | undefined {
  const text = Buffer.from(start)
    .toString('latin1')
    .replace(/^(\xef\xbb\xbf)?\s*/, '');
  if (text.startsWith('version https://git-lfs')) {
    return {
      reason: 'a pointer of Git LFS instead of an image: fetch the files with `git lfs pull`',
    };
  }
  if (/^<(!doctype html|html|head|body)\b/i.test(text)) {
    return {
      reason: 'a web page instead of an image, as failed downloads leave it: download it again',
    };
  }
  if (!/^<[?!a-z]/i.test(text)) return undefined;
  if (/<svg\b/i.test(text)) return { kind: 'svg' };
  return { reason: 'a text in XML that does not begin like an SVG: no image that can be read' };
}
