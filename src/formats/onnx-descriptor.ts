import type { INamespace } from 'protobufjs/light.js';
import { message } from './proto-message.ts';

/**
 * The messages and field numbers of onnx.proto (ONNX 1.12) that vggtune needs. Names do not matter
 * on the wire, numbers do; readers skip the fields that are not here.
 */
export const ONNX_DESCRIPTOR: INamespace = {
  nested: {
    onnx: {
      nested: {
        ModelProto: message({
          irVersion: 'int64 1',
          producerName: 'string 2',
          producerVersion: 'string 3',
          graph: 'GraphProto 7',
          opsetImport: 'repeated OperatorSetIdProto 8',
          metadataProps: 'repeated StringStringEntryProto 14',
        }),
        OperatorSetIdProto: message({ domain: 'string 1', version: 'int64 2' }),
        StringStringEntryProto: message({ key: 'string 1', value: 'string 2' }),
        GraphProto: message({
          node: 'repeated NodeProto 1',
          name: 'string 2',
          initializer: 'repeated TensorProto 5',
          input: 'repeated ValueInfoProto 11',
          output: 'repeated ValueInfoProto 12',
        }),
        NodeProto: message({
          input: 'repeated string 1',
          output: 'repeated string 2',
          name: 'string 3',
          opType: 'string 4',
          attribute: 'repeated AttributeProto 5',
          domain: 'string 7',
        }),
        AttributeProto: message({
          name: 'string 1',
          f: 'float 2',
          i: 'int64 3',
          s: 'bytes 4',
          t: 'TensorProto 5',
          floats: 'repeated float 7',
          ints: 'repeated int64 8',
          type: 'int32 20',
        }),
        TensorProto: message({
          dims: 'repeated int64 1',
          dataType: 'int32 2',
          floatData: 'repeated float 4',
          int32Data: 'repeated int32 5',
          int64Data: 'repeated int64 7',
          name: 'string 8',
          rawData: 'bytes 9',
          doubleData: 'repeated double 10',
          externalData: 'repeated StringStringEntryProto 13',
          dataLocation: 'int32 14',
        }),
        ValueInfoProto: message({ name: 'string 1', type: 'TypeProto 2' }),
        TypeProto: message({ tensorType: 'TensorTypeProto 1' }),
        TensorTypeProto: message({ elemType: 'int32 1', shape: 'TensorShapeProto 2' }),
        TensorShapeProto: message({ dim: 'repeated DimensionProto 1' }),
        DimensionProto: message(
          { dimValue: 'int64 1', dimParam: 'string 2' },
          { value: { oneof: ['dimValue', 'dimParam'] } },
        ),
      },
    },
  },
};
