"""An HTTP server on the ONNX export of a run, with ONNX Runtime, numpy and Pillow: the peer of server.js.

    python server_peer.py RUN/model/model.onnx

Prints its port. Requests are answered in threads of their own, by one session.
"""

import io
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import onnxruntime
from PIL import Image

session = onnxruntime.InferenceSession(sys.argv[1])
labels = json.loads(session.get_modelmeta().custom_metadata_map["labels"])
size = session.get_inputs()[0].shape[1]


def pixels(data):
    image = Image.open(io.BytesIO(data))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    image = image.convert("RGB")
    side = min(image.size)
    image = image.resize([size * s // side for s in image.size], Image.BILINEAR)
    left, top = (round((s - size) / 2) for s in image.size)
    return np.asarray(image.crop((left, top, left + size, top + size)))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        data = self.rfile.read(int(self.headers["content-length"]))
        [row] = session.run(None, {"image": pixels(data)[None]})[0]
        answer = json.dumps({"label": labels[row.argmax()], "probability": float(row.max())}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
