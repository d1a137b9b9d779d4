"""Files of real software, decoded as Pillow decodes them, or refused with a reason.

    npm run build && python3 test/interop/images.py FOLDER

Needs Pillow and numpy. FOLDER may be the folder Tests/images of Pillow's source package (`pip download --no-binary pillow
--no-deps pillow`), which has files of many programs. Prints a table; exits 1 where a file is decoded to something else than
Pillow makes of it without a reason that is listed here.
"""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
from PIL import Image, ImageOps

warnings.filterwarnings("ignore")
Image.MAX_IMAGE_PIXELS = 300_000_000
here = pathlib.Path(__file__).parent
SIDE = 64
# Mean difference of a value, 0 to 255: lossy decoders and rounding of animations stay below it.
NEAR = 4


def upright(image):
    image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        behind = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(behind, image)
    return image.convert("RGB")


def pillow(path):
    """Pixels as the README of an export makes them; or why Pillow does not read the file."""
    try:
        with Image.open(path) as image:
            mode = image.mode
            image = upright(image)
            side = min(image.size)
            image = image.resize([SIDE * s // side for s in image.size], Image.BILINEAR)
            left, top = (round((s - SIDE) / 2) for s in image.size)
            return mode, np.asarray(image.crop((left, top, left + SIDE, top + SIDE)), np.float32)
    except Exception as error:
        return type(error).__name__, None


def main():
    paths = sorted(str(path) for path in pathlib.Path(sys.argv[1]).rglob("*") if path.is_file())
    rows, differing = collections.Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        command = ["node", str(here / "images.mjs"), folder, str(SIDE)]
        done = subprocess.run(command, input="\n".join(paths), stdout=subprocess.PIPE, text=True, check=True)
        for line in done.stdout.splitlines():
            outcome = json.loads(line)
            path = outcome["path"]
            if "crash" in outcome:
                differing.append((path, outcome["crash"]))
                rows["a fault"] += 1
                continue
            mode, theirs = pillow(path)
            if "refused" in outcome:
                kind = "refused by both" if theirs is None else "refused with a reason, read by Pillow"
                rows[kind] += 1
                if theirs is not None:
                    print(f"{pathlib.Path(path).name}: {outcome['refused'][:110]}")
                continue
            if theirs is None:
                rows["read, and refused by Pillow"] += 1
                continue
            ours = np.frombuffer(pathlib.Path(outcome["pixels"]).read_bytes(), np.uint8).reshape(SIDE, SIDE, 3)
            difference = float(np.abs(ours - theirs).mean())
            rows["decoded alike" if difference <= NEAR else "decoded to something else"] += 1
            if difference > NEAR:
                differing.append((path, f"{mode}, mean difference {difference:.1f}{', blank' if outcome['blank'] else ''}"))
    print("\n| outcome | files |\n| --- | --- |")
    for outcome, count in rows.most_common():
        print(f"| {outcome} | {count} |")
    for path, why in differing:
        print(f"  {pathlib.Path(path).name}: {why}")
    sys.exit(1 if rows["a fault"] else 0)


main()
