import type { BackboneName } from '../network/catalog.ts';

/** A published file. */
export interface WeightsSource {
  /** The name for users: `vgg16/timm`. */
  readonly id: string;
  readonly backbone: BackboneName;
  readonly family: 'torchvision' | 'timm' | 'keras';
  readonly format: 'safetensors' | 'pytorch' | 'keras-h5';
  readonly url: string;
  /** Its name in the cache folder. */
  readonly file: string;
  /** The size in bytes, where the publisher states it. */
  readonly bytes?: number;
  /** Hashes of the whole file; at least one is known. */
  readonly hashes: {
    readonly sha256?: string;
    /** The first eight hex digits. */
    readonly sha256Prefix?: string;
    readonly md5?: string;
  };
  readonly licence: string;
  /** The top-1 accuracy on ImageNet's validation set in per cent, one centre crop, where published. */
  readonly top1?: number;
  /** Keras has files without a classifier. */
  readonly holds: 'all' | 'features';
  /** SHA-256 of the convolutions and batch norms alone, in the order of the file, where known. */
  readonly featuresSha256?: string;
}

const TORCHVISION = 'https://download.pytorch.org/models';
const TIMM = 'https://huggingface.co/timm';
const KERAS = 'https://storage.googleapis.com/tensorflow/keras-applications';

type Column = Exclude<BackboneName, 'vgg-nano'>;

/** torchvision/models/vgg.py: file name's hash, top-1. */
const TORCHVISION_ROWS: readonly (readonly [Column, string, number])[] = [
  ['vgg11', '8a719046', 69.02],
  ['vgg13', '19584684', 69.928],
  ['vgg16', '397923af', 71.592],
  ['vgg19', 'dcbb9e9d', 72.376],
  ['vgg11_bn', '6002323d', 70.37],
  ['vgg13_bn', 'abd245e5', 71.586],
  ['vgg16_bn', '6c64b313', 73.36],
  ['vgg19_bn', 'c79401a0', 74.218],
];

/** The same trainings as torchvision's, as safetensors. */
const TIMM_ROWS: readonly (readonly [Column, string, number])[] = [
  ['vgg16', '57b026918159a6bf9faf8405c3a551903768e7138989d9c6224a14227203fad8', 71.592],
  ['vgg19', '11aea017b543ff59233749d8f1cf544cda749378f5790d2fedab841fb86b7669', 72.376],
  ['vgg16_bn', '88bbedbc8e780413736db38ac4efd41b06fc0e93fd5b8879b584bba63a950129', 73.36],
  ['vgg19_bn', 'f8249087e63bae61c6166bb23d7c26efe1b2a43fd9fb5cd60ac6ce00535ba312', 74.218],
];

/** Oxford's own trainings, converted by Keras: bytes, MD5. */
const KERAS_ROWS: readonly (readonly [Column, 'all' | 'features', number, string])[] = [
  ['vgg16', 'all', 553_467_096, '64373286793e3c8b2b4e3219cbf3544b'],
  ['vgg16', 'features', 58_889_256, '6d6bbae143d832006294945121d1f1fc'],
  ['vgg19', 'all', 574_710_816, 'cbe5617147190e668d6c5d5026f83318'],
  ['vgg19', 'features', 80_134_624, '253f8cb515780f3b799900260a226db6'],
];

/** Every source; the first of a backbone that has what is wanted is the one `auto` takes. */
export const WEIGHTS_SOURCES: readonly WeightsSource[] = [
  ...TIMM_ROWS.map(
    ([backbone, sha256, top1]): WeightsSource => ({
      id: `${backbone}/timm`,
      backbone,
      family: 'timm',
      format: 'safetensors',
      url: `${TIMM}/${backbone}.tv_in1k/resolve/main/model.safetensors`,
      file: `${backbone}.tv_in1k.safetensors`,
      hashes: { sha256 },
      licence: 'BSD-3-Clause',
      top1,
      holds: 'all',
    }),
  ),
  ...TORCHVISION_ROWS.map(
    ([backbone, sha256Prefix, top1]): WeightsSource => ({
      id: `${backbone}/torchvision`,
      backbone,
      family: 'torchvision',
      format: 'pytorch',
      url: `${TORCHVISION}/${backbone}-${sha256Prefix}.pth`,
      file: `${backbone}-${sha256Prefix}.pth`,
      hashes: { sha256Prefix },
      licence: 'BSD-3-Clause',
      top1,
      holds: 'all',
    }),
  ),
  ...KERAS_ROWS.map(([backbone, holds, bytes, md5]): WeightsSource => {
    const file = `${backbone}_weights_tf_dim_ordering_tf_kernels${holds === 'all' ? '' : '_notop'}.h5`;
    return {
      id: `${backbone}/keras${holds === 'all' ? '' : '-notop'}`,
      backbone,
      family: 'keras',
      format: 'keras-h5',
      url: `${KERAS}/${backbone}/${file}`,
      file,
      bytes,
      hashes: { md5 },
      licence: 'CC-BY-4.0',
      holds,
    };
  }),
];

/** A source by its id, by a backbone's name (its first one), or undefined. */
export function findSource(name: string): WeightsSource | undefined {
  return WEIGHTS_SOURCES.find(({ id }) => id === name) ?? publishedSource(name);
}

/** The source that `auto` takes for a backbone; undefined where nothing is published. */
export function publishedSource(backbone: string): WeightsSource | undefined {
  return WEIGHTS_SOURCES.find((source) => source.backbone === backbone);
}
