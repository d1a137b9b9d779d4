/** A file that cannot be used, and why. */
export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

/** One readable image file of a data set. */
export interface ImageEntry {
  /** Relative to the data set's root, with forward slashes. */
  readonly path: string;
  /** SHA-256 of the file's bytes, in hex. */
  readonly hash: string;
  /** Index into `classes`. */
  readonly label: number;
  /** The side that the folder's layout (train/, val/, test/) or the CSV names, if it does. */
  readonly side?: Side;
}

export type Side = 'train' | 'val' | 'test';

export interface DatasetIndex {
  /** Absolute. */
  readonly root: string;
  readonly layout: 'folders' | 'sides' | 'csv';
  /** Sorted by code point; a class keeps its place whatever a side holds. */
  readonly classes: readonly string[];
  readonly images: readonly ImageEntry[];
  readonly skipped: readonly SkippedFile[];
}

/** Which images are on which side. */
export interface Split {
  readonly train: readonly ImageEntry[];
  readonly val: readonly ImageEntry[];
  readonly test: readonly ImageEntry[];
}

/** Random changes of a training image; each absent or zero field does nothing. */
export interface AugmentSpec {
  /** Random resized crop: the area taken, as a share of the image, and the aspect ratio. */
  readonly crop?: {
    readonly scale: readonly [number, number];
    readonly ratio: readonly [number, number];
  };
  /** Probability of a horizontal flip. */
  readonly flip: number;
  /** Degrees: uniform in [-rotate, rotate]. */
  readonly rotate: number;
  /** Strengths as torchvision's ColorJitter: factors uniform in [1 - s, 1 + s]; hue in [-s, s] turns. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  readonly hue: number;
}

/** How a file is decoded into pixels; the key of the feature cache depends on it. */
export interface DecodeSpec {
  /** Side of the square that comes out. */
  readonly size: number;
  /** Shorter side before the centre crop; for images without augmentation. */
  readonly resize: number;
  /** What lies behind transparent pixels, as #rrggbb. */
  readonly background: string;
}

/** The view of an image: the plain one, or the augmented one with number `view`. */
export type View =
  | { readonly kind: 'plain' }
  | { readonly kind: 'augmented'; readonly view: number };
