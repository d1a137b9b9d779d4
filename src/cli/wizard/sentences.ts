import type { ExportFormat } from '../../config/names.ts';
import type { RunConfig } from '../../config/schema.ts';

/** Each network in one sentence: what has to be fetched (the convolutions), and the work of an image. */
export const NETWORK_SENTENCES: Readonly<Record<RunConfig['backbone'], string>> = {
  'vgg-nano':
    'In the package; 64x64 pixels. For icons, drawings and a first look; weak on photographs.',
  vgg11: '37 MB to fetch, 0.5 of the work of vgg16.',
  vgg13: '38 MB to fetch, 0.7 of the work of vgg16.',
  vgg16: '59 MB to fetch. The usual one for photographs.',
  vgg19: '80 MB to fetch, 1.3 of the work of vgg16, and hardly better.',
  vgg11_bn: 'vgg11 with batch norms: another training of about the same.',
  vgg13_bn: 'vgg13 with batch norms.',
  vgg16_bn: 'vgg16 with batch norms: a little more accurate on ImageNet.',
  vgg19_bn: 'vgg19 with batch norms: the most accurate on ImageNet.',
};

const PHOTOGRAPHS = 'photographs of everyday things';

/** What each network was pretrained on. */
export const PRETRAINED_ON: Readonly<Record<RunConfig['backbone'], string>> = {
  'vgg-nano': 'drawings and icons',
  vgg11: PHOTOGRAPHS,
  vgg13: PHOTOGRAPHS,
  vgg16: PHOTOGRAPHS,
  vgg19: PHOTOGRAPHS,
  vgg11_bn: PHOTOGRAPHS,
  vgg13_bn: PHOTOGRAPHS,
  vgg16_bn: PHOTOGRAPHS,
  vgg19_bn: PHOTOGRAPHS,
};

/** Each format of a trained model, by what reads it. */
export const EXPORT_PHRASES: Readonly<Record<ExportFormat, string>> = {
  onnx: 'for ONNX Runtime, everywhere',
  'onnx-plain': 'without preprocessing inside',
  'onnx-int8': 'a quarter of the size',
  'onnx-dense': 'for images of any size',
  safetensors: 'for vggtune itself',
  pytorch: 'for torchvision',
  keras: 'for Keras 3',
  savedmodel: 'for TensorFlow',
  tfjs: 'for TensorFlow.js',
  web: 'a page for the browser',
};
