import { ONNX_TYPES, type OnnxTensor, type OnnxType } from './onnx-model.ts';

/** What protobufjs makes of a TensorProto; every field is there because of `defaults`. */
export interface TensorObject {
  name: string;
  dims: number[];
  dataType: number;
  rawData: Uint8Array;
  floatData: number[];
  int32Data: number[];
  int64Data: number[];
  doubleData: number[];
  externalData: { key: string; value: string }[];
  dataLocation: number;
}

/** TensorProto.DataLocation. */
const EXTERNAL = 1;

/** A tensor, as a view into the file's bytes where these hold it as raw data. */
export function tensorOf(tensor: TensorObject): OnnxTensor {
  const { name, dims: shape, dataType } = tensor;
  const type = typeOf(dataType);
  const common = { name, shape, type };
  if (tensor.dataLocation === EXTERNAL) {
    const facts = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
    const length = facts.get('length');
    const external = {
      location: facts.get('location') ?? '',
      offset: Number(facts.get('offset') ?? 0),
      length: length === undefined ? undefined : Number(length),
    };
    return { ...common, bytes: new Uint8Array(0), external };
  }
  if (tensor.rawData.length > 0) return { ...common, bytes: tensor.rawData };
  return { ...common, bytes: typedBytes(type, tensor) };
}

/** The elements where they are written as numbers rather than as raw data. */
function typedBytes(type: OnnxType, tensor: TensorObject): Uint8Array {
  const { floatData, int32Data, int64Data, doubleData } = tensor;
  switch (type) {
    case 'float32':
      return new Uint8Array(Float32Array.from(floatData).buffer);
    case 'float64':
      return new Uint8Array(Float64Array.from(doubleData).buffer);
    case 'int64':
      return new Uint8Array(BigInt64Array.from(int64Data.map(wholeNumber)).buffer);
    case 'int32':
      return new Uint8Array(Int32Array.from(int32Data).buffer);
    case 'float16':
    case 'bfloat16':
      return new Uint8Array(Uint16Array.from(int32Data).buffer);
    default:
      return tensor.rawData;
  }
}

const wholeNumber = (value: number) => BigInt(Number.isSafeInteger(value) ? value : 0);

/** @throws Error for a type that is none of TensorProto.DataType's */
export function typeOf(code: number): OnnxType {
  const found = Object.entries(ONNX_TYPES).find(([, value]) => value === code);
  if (found === undefined) throw new Error(`tensor type ${code} is not read`);
  return found[0] as OnnxType;
}
