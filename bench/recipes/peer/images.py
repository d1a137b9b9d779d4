"""Pictures as vggtune prepares them for Keras's weights: RGB on white, the shorter side resized to
256/224 of the size, the centre cropped, BGR less the means of ImageNet."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import v2

MEANS = torch.tensor([103.939, 116.779, 123.68]).view(3, 1, 1)
ENDINGS = {".png", ".jpg", ".jpeg"}


@dataclass
class Side:
    """Pictures with their labels; `keys` tell the contents of two pictures apart."""

    pictures: list
    keys: list
    labels: np.ndarray

    def __len__(self):
        return len(self.pictures)

    def some(self, indices):
        return Side(
            [self.pictures[at] for at in indices],
            [self.keys[at] for at in indices],
            self.labels[indices],
        )


@dataclass
class Data:
    size: int
    classes: int
    train: Side
    test: Side


def load(folder, size):
    names = sorted(path.name for path in (folder / "train").iterdir() if path.is_dir())
    return Data(size, len(names), side_of(folder / "train", names), side_of(folder / "test", names))


def side_of(folder, names):
    pictures, keys, labels = [], [], []
    for label, name in enumerate(names):
        for path in sorted((folder / name).iterdir()):
            if path.suffix.lower() not in ENDINGS:
                continue
            pictures.append(on_white(path))
            keys.append(hashlib.sha256(path.read_bytes()).hexdigest())
            labels.append(label)
    return Side(pictures, keys, np.array(labels))


def on_white(path: Path):
    with Image.open(path) as image:
        picture = image.convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB")


def resize_for(size):
    return round(size * 256 / 224)


def plain(size):
    """For evaluation."""
    return v2.Compose([v2.Resize(resize_for(size)), v2.CenterCrop(size)])


def flipped(size):
    return v2.Compose([plain(size), v2.RandomHorizontalFlip()])


def cropped(size):
    """The tutorial's augmentation."""
    return v2.Compose([v2.RandomResizedCrop(size), v2.RandomHorizontalFlip()])


def batch_of(pictures, transform):
    planes = [torch.from_numpy(np.array(transform(each))).permute(2, 0, 1) for each in pictures]
    bgr = torch.stack([plane.flip(0).float() - MEANS for plane in planes])
    return bgr.contiguous(memory_format=torch.channels_last)


def batches(side, transform, batch, shuffled=False):
    """Yields pictures as a tensor and labels as another."""
    order = torch.randperm(len(side)) if shuffled else torch.arange(len(side))
    labels = torch.from_numpy(side.labels)
    for indices in order.split(batch):
        pictures = [side.pictures[at] for at in indices]
        yield batch_of(pictures, transform), labels[indices]
