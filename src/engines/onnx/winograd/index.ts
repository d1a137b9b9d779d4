import type { Lowering } from '../lowering.ts';
import { emitConv, emitConvInputGrad, emitConvKernelGrad, RUNTIME_DOMAIN } from './convolutions.ts';
import {
  emitMaxPool,
  emitMaxPoolGrad,
  emitReduceSum,
  emitRelu,
  emitReluGrad,
} from './elementwise.ts';
import { convert, shapeIn } from './layouts.ts';

/**
 * Convolutions by Winograd's minimal filtering, in operators that every ONNX runtime has (but for
 * products with a transposed factor, which are ONNX Runtime's own). Maps stay in tiles from one end
 * of the network to the other.
 */
export const WINOGRAD: Lowering = {
  rules: {
    conv: emitConv,
    convInputGrad: emitConvInputGrad,
    convKernelGrad: emitConvKernelGrad,
    relu: emitRelu,
    reluGrad: emitReluGrad,
    maxPool: emitMaxPool,
    maxPoolGrad: emitMaxPoolGrad,
    reduceSum: emitReduceSum,
  },
  convert,
  shapeIn,
  domains: { [RUNTIME_DOMAIN]: 1 },
};
