"""Files of real software, decoded as Pillow decodes them, or refused with a reason.

    npm run build && python3 test/interop/images.py NAME=FOLDER ...

Needs Pillow and numpy. A FOLDER holds files of other programs: docs/images.md says which source packages have some. Every file
is decoded in its own size, and every value compared. Prints the tables of docs/images.md, then each file that is refused or
differs; exits 1 where a file is decoded to something else than Pillow makes of it for no reason that is listed here, or
where there is a fault.
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
# The largest mean difference of a value, 0 to 255, of lossy formats: decoders round and interpolate colours otherwise.
NEAR = 2
OUTCOMES = ("the same", "alike", "refused by both", "refused, read by Pillow", "read, refused by Pillow", "differs", "a fault")


def upright(image):
    """As the README of an export does it."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        behind = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(behind, image)
    return image.convert("RGB")


def pillow(path):
    """What is special about a file, and its pixels; or why Pillow does not read it."""
    try:
        with Image.open(path) as image:
            facts = {"mode": image.mode, "format": image.format, "reason": listed(image, path)}
            return facts, np.asarray(upright(image), np.int16)
    except Exception as error:
        return type(error).__name__, None


def listed(image, path):
    """Why a file may come out otherwise than in Pillow."""
    start = pathlib.Path(path).read_bytes()[:4096]
    bits = start[24] if image.format == "PNG" else max(image.tag_v2.get(258, (8,))) if image.format == "TIFF" else 8
    if image.getexif().get(0x0112, 1) != 1 and "exif" not in image.info and image.format != "TIFF":
        return "an orientation in XMP or in a text chunk alone, which is not looked at"
    if image.mode.startswith("I;16") and "transparency" in image.info:
        return "16 bits of grey with a transparent colour, which Pillow does not look at"
    if image.mode == "L" and bits < 8 and "transparency" in image.info:
        return f"{bits} bits of grey with a transparent colour, which Pillow compares with other numbers than the file's"
    if bits == 16 and "A" in image.getbands():
        return "16 bits with transparency, which Pillow cuts to 8 before it puts the background behind it (2 of 255 at most)"
    if b"colrnclx\0\2\0\2\0\2\x80" in start:
        return "an AVIF whose header contradicts its data about the range of values, of which libheif takes the data's"
    return None


def compare(outcome, path):
    """The outcome of one file, and what is to be said of it."""
    if "crash" in outcome:
        return "a fault", outcome["crash"]
    facts, theirs = pillow(path)
    if "refused" in outcome:
        return ("refused by both" if theirs is None else "refused, read by Pillow"), outcome["refused"]
    if theirs is None:
        return "read, refused by Pillow", facts
    size = (outcome["height"], outcome["width"], 3)
    if size != theirs.shape:
        return "differs", facts["reason"] or f"{facts['mode']}: {size} where Pillow has {theirs.shape}"
    ours = np.frombuffer(pathlib.Path(outcome["pixels"]).read_bytes(), np.uint8).reshape(size)
    difference = np.abs(ours - theirs)
    # Transparency and 16 bits are rounded.
    if difference.max() <= 1:
        return "the same", None
    mean = float(difference.mean())
    lossy = outcome["format"] in ("jpeg", "webp", "avif") or facts["mode"] == "YCbCr"
    if lossy and mean <= NEAR:
        return "alike", mean
    return "differs", facts["reason"] or f"{facts['mode']}, mean difference {mean:.2f}, largest {difference.max()}"


def outcomes(folder):
    paths = sorted(str(path) for path in folder.rglob("*") if path.is_file())
    with tempfile.TemporaryDirectory() as scratch:
        command = ["node", str(here / "images.mjs"), scratch]
        done = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        # One after the other, so that no more than one decoded image lies there.
        for path in paths:
            done.stdin.write(f"{path}\n")
            done.stdin.flush()
            outcome = json.loads(done.stdout.readline())
            yield pathlib.Path(path).relative_to(folder), outcome, *compare(outcome, path)
            if "pixels" in outcome:
                pathlib.Path(outcome["pixels"]).unlink()
        done.stdin.close()
        done.wait()


def main():
    rows, told, reasons, unlisted = {}, [], collections.Counter(), 0
    for argument in sys.argv[1:]:
        name, folder = argument.split("=", 1)
        counts = rows.setdefault(name, collections.Counter())
        for path, outcome, kind, what in outcomes(pathlib.Path(folder)):
            counts[kind] += 1
            if kind not in ("the same", "alike", "refused by both"):
                told.append(f"{kind}: {name}/{path}: {what}")
            if kind == "differs":
                unlisted += " which " not in what
            if kind == "refused, read by Pillow":
                reasons[group(what)] += 1
    print(f"\n| files of | {' | '.join(OUTCOMES)} |\n| --- |{' --- |' * len(OUTCOMES)}")
    for name, counts in rows.items():
        print(f"| {name} | {' | '.join(str(counts[kind]) for kind in OUTCOMES)} |")
    total = sum(rows.values(), collections.Counter())
    print(f"| all {sum(total.values())} | {' | '.join(str(total[kind]) for kind in OUTCOMES)} |")
    print("\n| refused, and read by Pillow | files |\n| --- | --- |")
    for reason, count in reasons.most_common():
        print(f"| {reason} | {count} |")
    print("\n" + "\n".join(told))
    sys.exit(1 if unlisted or total["a fault"] else 0)


def group(reason):
    """The reason without what differs from file to file."""
    if reason.startswith("damaged or cut off"):
        return "damaged or cut off, by its decoder's word"
    if reason.startswith("a form of its kind"):
        return "a form of TIFF that the decoder was built without"
    return reason.split(":")[0].split(", whose")[0]


main()
