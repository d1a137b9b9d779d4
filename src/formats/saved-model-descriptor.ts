import type { INamespace } from 'protobufjs/light.js';
import { message } from './proto-message.ts';

const SHAPE = 'TensorShapeProto';

/**
 * The messages and field numbers of `tensorflow/core/protobuf/saved_model.proto` and the files it
 * imports that vggtune needs. A map is on the wire a repeated message of a key and a value.
 */
export const SAVED_MODEL_DESCRIPTOR: INamespace = {
  nested: {
    tensorflow: {
      nested: {
        SavedModel: message({ schemaVersion: 'int64 1', metaGraphs: 'repeated MetaGraphDef 2' }),
        MetaGraphDef: message({
          metaInfo: 'MetaInfoDef 1',
          graph: 'GraphDef 2',
          signatures: 'repeated SignatureEntry 5',
          assets: 'repeated AssetFileDef 6',
        }),
        MetaInfoDef: message({ tags: 'repeated string 4', tensorflowVersion: 'string 5' }),
        AssetFileDef: message({ tensor: 'TensorInfo 1', fileName: 'string 2' }),
        SignatureEntry: message({ key: 'string 1', value: 'SignatureDef 2' }),
        SignatureDef: message({
          inputs: 'repeated TensorInfoEntry 1',
          outputs: 'repeated TensorInfoEntry 2',
          methodName: 'string 3',
        }),
        TensorInfoEntry: message({ key: 'string 1', value: 'TensorInfo 2' }),
        TensorInfo: message({ name: 'string 1', dtype: 'int32 2', tensorShape: `${SHAPE} 3` }),
        GraphDef: message({ node: 'repeated NodeDef 1', versions: 'VersionDef 4' }),
        VersionDef: message({ producer: 'int32 1', minConsumer: 'int32 2' }),
        NodeDef: message({
          name: 'string 1',
          op: 'string 2',
          input: 'repeated string 3',
          attr: 'repeated AttrEntry 5',
        }),
        AttrEntry: message({ key: 'string 1', value: 'AttrValue 2' }),
        AttrValue: message(
          {
            list: 'ListValue 1',
            s: 'bytes 2',
            i: 'int64 3',
            f: 'float 4',
            b: 'bool 5',
            type: 'int32 6',
            shape: `${SHAPE} 7`,
            tensor: 'TensorProto 8',
          },
          { value: { oneof: ['list', 's', 'i', 'f', 'b', 'type', 'shape', 'tensor'] } },
        ),
        ListValue: message({ i: 'repeated int64 3' }),
        TensorProto: message({
          dtype: 'int32 1',
          tensorShape: `${SHAPE} 2`,
          tensorContent: 'bytes 4',
          stringVal: 'repeated bytes 8',
        }),
        [SHAPE]: message({ dim: 'repeated Dim 2' }),
        Dim: message({ size: 'int64 1' }),
      },
    },
  },
};
