import type { Lowering } from '../lowering.ts';
import { emitAdd, emitBatchNorm, emitBatchNormGrad, emitMul } from './batch-norm.ts';
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
    batchNorm: emitBatchNorm,
    batchNormGrad: emitBatchNormGrad,
    mul: emitMul,
    add: emitAdd,
  },
  convert,
  shapeIn,
  // Its indices are for a fixed number of rows.
  opensRows: false,
  domains: { [RUNTIME_DOMAIN]: 1 },
};
