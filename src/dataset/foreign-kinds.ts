/** How images of kinds that are not read become such that are, by their usual endings. */
const BY_CONVERTER: Readonly<Record<string, string>> = {
  '`heif-convert IN OUT.jpg` (on a Mac `sips -s format jpeg IN --out OUT.jpg`)': 'heic heif hif',
  '`darktable-cli IN OUT.jpg`, which develops raw photographs':
    'cr2 cr3 crw nef nrw arw srf sr2 dng orf rw2 raf pef srw x3f 3fr erf mrw kdc mef mos iiq rwl',
  '`magick IN[0] OUT.png`, which takes the picture of all layers': 'psd psb xcf',
  '`magick IN[0] OUT.png`, which takes the first frame': 'avifs fli flc dcx',
  '`rsvg-convert -o OUT.png IN`': 'svg svgz',
  '`pdftoppm -png IN OUT`': 'pdf eps ps ai',
  '`djxl IN OUT.png`': 'jxl',
  'pydicom, with the window that the file states': 'dcm dicom',
  '`magick IN OUT.png`':
    'bmp dib ppm pgm pbm pnm pam pfm jp2 j2k jpf jpx jpc tga ico cur pcx sgi rgb dds qoi exr hdr djvu fits fit mng jng xpm xbm wmf emf jxr wdp bpg flif npy icns ras sun pcd miff',
};

const CONVERTERS: ReadonlyMap<string, string> = new Map(
  Object.entries(BY_CONVERTER).flatMap(([converter, kinds]) =>
    kinds.split(' ').map((kind) => [kind, converter] as const),
  ),
);

/** Whether files with this ending are images of a kind that is not read. */
export function isForeignEnding(ending: string): boolean {
  return CONVERTERS.has(ending.toLowerCase());
}

/** Why an image of a kind is not used, and how to convert it. */
export function notReadReason(kind: string): string {
  const converter = CONVERTERS.get(kind.toLowerCase()) ?? '`magick IN OUT.png`';
  return `an image of the kind ${kind.toLowerCase()}, which is not read: convert it to JPEG or PNG, say with ${converter}`;
}

/** The same for a file of which only the name was looked at. */
export function endingReason(path: string): string {
  return notReadReason(path.slice(path.lastIndexOf('.') + 1));
}
