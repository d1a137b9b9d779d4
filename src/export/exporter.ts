import type { Emit } from '../base/events.ts';
import type { NamedTensors } from '../base/tensor.ts';
import type { OnnxModel } from '../formats/onnx-model.ts';
import type { Quantization } from '../formats/tfjs-layers.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { ExportModel, ModelCard } from './model.ts';

export interface ExportRequest {
  readonly model: ExportModel;
  /** Empty, and renamed to its final name once everything in it is checked. */
  readonly folder: string;
  readonly quantize: Quantization;
  /** The key-value pairs by which vggtune recognises its own models. */
  readonly description: Readonly<Record<string, string>>;
  readonly services: ExportServices;
}

/** Services for exporters, which know neither engine nor data set. */
export interface ExportServices {
  readonly emit: Emit;
  /** Training images, each uint8 RGB [size, size, 3]. */
  calibrationImages(): Promise<readonly Uint8Array[]>;
  /**
   * The outputs of layers of a network on images, a few images at a time: `visit` is given the
   * activations behind the boundary `taps[index]` (0: the normalised image).
   */
  activations(request: {
    readonly network: NetworkSpec;
    readonly weights: NamedTensors;
    readonly images: readonly Uint8Array[];
    readonly taps: readonly number[];
    visit(index: number, values: Float32Array): void;
  }): Promise<void>;
  /** The last output of an ONNX model for each image [1, size, size, 3]. */
  runOnnx(model: OnnxModel, images: readonly Uint8Array[]): Promise<readonly Float32Array[]>;
}

export interface Exported {
  readonly card: ModelCard;
  /** The text of README.md. */
  readonly readme: string;
  /** Remarks for the user. */
  readonly notes?: readonly string[];
}

/**
 * How exact an export is: the probabilities of `float` ones equal the trained network's, those of `half` ones
 * nearly do; for `byte` ones the classes must agree.
 */
export type Exactness = 'float' | 'half' | 'byte';

/** How an export is read back, by other software where possible, to be compared with the trained network. */
export type ExportCheck =
  /** ONNX Runtime runs the file on pixels, or on what `preprocessing` makes of them. */
  | {
      readonly by: 'onnxruntime';
      readonly file: (folder: string) => string;
      readonly input: 'pixels' | 'normalised';
    }
  | { readonly by: 'tensorflow.js'; readonly file: (folder: string) => string }
  /** TensorFlow itself where a native package of it is installed, else TensorFlow.js. */
  | { readonly by: 'tensorflow'; readonly folder: (folder: string) => string }
  /** The weights are read from the file again and run on the engine. */
  | {
      readonly by: 'reader';
      readonly read: (folder: string, model: ExportModel) => Promise<NamedTensors>;
    };

export interface Exporter {
  /** Writes the model's files, and returns what is put beside them in every export. */
  write(request: ExportRequest): Promise<Exported>;
  readonly check: ExportCheck;
  /**
   * Looks, before any work, whether the packages are there that the format is written and checked with.
   * @throws VggtuneError (unavailable) that says what to install
   */
  refuse?(): Promise<void>;
  /** Whether kernels can be stored in fewer bits. */
  readonly quantizes?: boolean;
  /** The exactness; by default `float`, or that of `quantize`. */
  readonly exactness?: Exactness;
}
