"""Runs the Python of a README as it stands, in the folder of its export, once for each image.

    python snippets.py EXPORT NAME=IMAGE...

Prints, as the last line, what the snippet printed last for each image: {NAME: [label, probability]}.
"""

import contextlib
import io
import json
import os
import re
import shutil
import sys
from pathlib import Path

folder, *images = sys.argv[1:]
os.chdir(folder)
sys.path.insert(0, os.getcwd())
snippet = re.search(r"```python\n(.*?)```", Path("README.md").read_text(encoding="utf-8"), re.S).group(1)
found = {}
for each in images:
    name, _, image = each.partition("=")
    # The name says JPEG; what is in it decides, for Pillow too.
    shutil.copy(image, "picture.jpg")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(snippet, "README.md", "exec"), {"__name__": "__main__"})
    label, _, probability = printed.getvalue().strip().splitlines()[-1].rpartition(" ")
    found[name] = [label, float(probability)]
print(json.dumps(found))
