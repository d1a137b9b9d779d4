"""Event files as TensorBoard itself writes them, and checksums: `python tensorboard_events.py > tensorboard-events.json`.

Needs `pip install tensorboard`.
"""

import io
import json

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import crc32c
from tensorboard.summary.writer.record_writer import RecordWriter

DT_STRING = 7


def framed(event):
    out = io.BytesIO()
    RecordWriter(out).write(event.SerializeToString())
    return out.getvalue().hex()


def scalars(values):
    return Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])


def text(tag, words):
    tensor = TensorProto(dtype=DT_STRING, tensor_shape=TensorShapeProto(), string_val=[words.encode()])
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    return Summary(value=[Summary.Value(tag=tag, tensor=tensor, metadata=metadata)])


SCALARS = [
    ({"step/loss": 1.5, "step/learning_rate": 1e-3}, 7, 1767225600.25),
    ({"validation/accuracy": 0.1}, 2**33, 1767225601.0),
    ({"train/loss": 0.0}, 0, 1767225602.0),
]
TEXTS = [("settings", "    data: \"<b>caf\u00e9</b>\"", 0, 1767225600.0)]
BYTES = ["", "00", "313233343536373839", "ff" * 300]

records = [
    {"value": {"version": True}, "step": 0, "time": 1767225600000, "hex": framed(Event(wall_time=1767225600.0, file_version="brain.Event:2"))},
    {"value": {"start": True}, "step": 0, "time": 1767225600000, "hex": framed(Event(wall_time=1767225600.0, session_log=SessionLog(status=SessionLog.START)))},
]
for values, step, time in SCALARS:
    event = Event(wall_time=time, step=step, summary=scalars(values))
    records.append({"value": {"scalars": values}, "step": step, "time": time * 1000, "hex": framed(event)})
for tag, words, step, time in TEXTS:
    event = Event(wall_time=time, step=step, summary=text(tag, words))
    records.append({"value": {"tag": tag, "text": words}, "step": step, "time": time * 1000, "hex": framed(event)})
sums = [{"hex": each, "crc32c": crc32c(bytes.fromhex(each))} for each in BYTES]
print(json.dumps({"records": records, "checksums": sums}, indent=1))
