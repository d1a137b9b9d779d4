import type { ExportModel } from './model.ts';

/** Python's imports of what `pixelsFunction` and `uprightFunction` need. */
export const IMAGE_IMPORT = 'from PIL import Image, ImageOps';

/** A Python function: a Pillow image upright, in RGB, with the background behind what is transparent. */
export function uprightFunction(background: string): string {
  const colour = [1, 3, 5].map((at) => Number.parseInt(background.slice(at, at + 2), 16));
  return `def upright(image):
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits a channel: the upper eight of them
        image = Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        behind = Image.new("RGBA", image.size, (${colour.join(', ')}, 255))
        image = Image.alpha_composite(behind, image)
    return image.convert("RGB")`;
}

/**
 * The Python functions that decode an image file as `vggtune predict` does: uint8 RGB [size, size, 3]. They
 * are in every README, in these words.
 */
export function pixelsFunction({ network, background }: ExportModel): string {
  const { size, resize } = network.preprocessing;
  return `${uprightFunction(background)}


def pixels(path, shorter=${Math.max(size, resize)}, size=${size}):
    image = upright(Image.open(path))
    side = min(image.size)
    image = image.resize([shorter * s // side for s in image.size], Image.BILINEAR)
    left, top = (round((s - size) / 2) for s in image.size)
    return np.asarray(image.crop((left, top, left + size, top + size)))`;
}

/** Python that reads the names of the classes, whatever the machine's own encoding is. */
export const READ_LABELS = 'labels = json.load(open("labels.json", encoding="utf-8"))';
