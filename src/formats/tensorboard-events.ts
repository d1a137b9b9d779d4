import protobuf from 'protobufjs/light.js';
import { message } from './proto-message.ts';
import { tfRecord } from './tf-record.ts';

/**
 * The messages and field numbers of `tensorflow/core/util/event.proto` and the files that it imports, as far as
 * scalars and texts need them.
 */
const root = protobuf.Root.fromJSON({
  nested: {
    tensorboard: {
      nested: {
        Event: message({
          wallTime: 'double 1',
          step: 'int64 2',
          fileVersion: 'string 3',
          summary: 'Summary 5',
          sessionLog: 'SessionLog 7',
        }),
        SessionLog: message({ status: 'int32 1' }),
        Summary: message({ value: 'repeated Value 1' }),
        Value: message({
          tag: 'string 1',
          simpleValue: 'float 2',
          tensor: 'TensorProto 8',
          metadata: 'SummaryMetadata 9',
        }),
        SummaryMetadata: message({ pluginData: 'PluginData 1' }),
        PluginData: message({ pluginName: 'string 1' }),
        TensorProto: message({
          dtype: 'int32 1',
          tensorShape: 'TensorShape 2',
          stringVal: 'repeated bytes 8',
        }),
        TensorShape: message({ dim: 'repeated Dim 2' }),
        Dim: message({ size: 'int64 1' }),
      },
    },
  },
});
const eventType = root.lookupType('tensorboard.Event');

/** SessionLog.SessionStatus */
const SESSION_START = 1;
/** DataType */
const DT_STRING = 7;

/** What one record of an event file says. */
export type TensorBoardValue =
  /** Begins every event file. */
  | { readonly version: true }
  /** A process begins here: readers drop what earlier files say of this step and later ones. */
  | { readonly start: true }
  | { readonly scalars: Readonly<Record<string, number>> }
  /** Markdown. */
  | { readonly text: string; readonly tag: string };

/**
 * One record of an event file.
 * @param at the step, and the time in milliseconds since 1970
 */
export function tensorBoardRecord(
  value: TensorBoardValue,
  { step, time }: { readonly step: number; readonly time: number },
): Uint8Array {
  // As proto3: zero is what a field holds that is absent.
  const at = { wallTime: time / 1000, ...(step > 0 && { step }) };
  const event = eventType.create({ ...at, ...contentOf(value) });
  return tfRecord(eventType.encode(event).finish());
}

function contentOf(value: TensorBoardValue): object {
  if ('version' in value) return { fileVersion: 'brain.Event:2' };
  if ('start' in value) return { sessionLog: { status: SESSION_START } };
  if ('scalars' in value) {
    const values = Object.entries(value.scalars).map(([tag, simpleValue]) => ({
      tag,
      simpleValue,
    }));
    return { summary: { value: values } };
  }
  const { tag, text } = value;
  const tensor = { dtype: DT_STRING, tensorShape: { dim: [] }, stringVal: [Buffer.from(text)] };
  const metadata = { pluginData: { pluginName: 'text' } };
  return { summary: { value: [{ tag, tensor, metadata }] } };
}
