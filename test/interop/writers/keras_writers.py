"""Files as Keras writes them: python3 keras_writers.py FOLDER [FULL_FOLDER]

Keras 3 with the backend that KERAS_BACKEND says, or with TF_USE_LEGACY_KERAS=1 Keras 2 by tf-keras, and then tf2onnx too.
The small files are kept in test/fixtures/writers; the full-size ones are made in the interop run alone.
"""
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
LEGACY = os.environ.get("TF_USE_LEGACY_KERAS") == "1"
if LEGACY:
    import tf_keras as keras
else:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras
import numpy as np

import formula as f

MAJOR = "keras2" if LEGACY else "keras3"
index = f.Index(sys.argv[1], f"{'tf-keras' if LEGACY else 'Keras'} {keras.__version__}")
layers = keras.layers


def base(named=True, norm=False, size=64, epsilon=1e-3, padding="same", activation="relu", pool=layers.MaxPooling2D):
    inputs = image = keras.Input((size, size, 3))
    for block, (count, width) in enumerate(zip(f.COUNTS, f.WIDTHS), start=1):
        for place in range(1, count + 1):
            options = {"name": f"block{block}_conv{place}"} if named else {}
            if padding == "zeros":
                image = layers.ZeroPadding2D(1)(image)
            how = {"padding": "same" if padding == "same" else "valid", "activation": None if norm else activation}
            image = layers.Conv2D(width, 3, **how, **options)(image)
            if norm:
                image = layers.ReLU()(layers.BatchNormalization(epsilon=epsilon)(image))
        image = pool(2)(image)
    return keras.Model(inputs, image, name="vgg16")


def dense(width, activation):
    return layers.Dense(width, activation=activation)


def network(head, named=True, norm=False, nested=True, before=(), hidden="relu", **changes):
    body = base(named, norm, **changes)
    sizes = [outputs for _, outputs, _ in f.HEADS[head]]
    flat = [layers.Flatten()] if head == "vgg" else [layers.GlobalAveragePooling2D()]
    tail = flat + [dense(size, "softmax" if at == len(sizes) - 1 else hidden) for at, size in enumerate(sizes)]
    if head is None:
        model = body
    elif nested:
        model = keras.Sequential([keras.Input(body.input_shape[1:]), *before, body, *tail])
    else:
        image = body.output
        for layer in tail:
            image = layer(image)
        model = keras.Model(body.input, image)
    fill(model, f.canonical(head, norm))
    return model


def leaves(model):
    for layer in model.layers:
        yield from leaves(layer) if hasattr(layer, "layers") else [layer]


def fill(model, numbers):
    convolutions = iter(name for name, _, _ in f.convolutions())
    heads = iter(name.split(".")[0] for name in numbers if name.startswith("fc") and name.endswith("weight"))
    current = None
    for layer in leaves(model):
        if isinstance(layer, layers.Conv2D):
            current = next(convolutions)
            kernel = numbers[f"conv{current}.weight"].transpose(2, 3, 1, 0)
            layer.set_weights([kernel, numbers[f"conv{current}.bias"]])
        elif isinstance(layer, layers.BatchNormalization):
            parts = ("weight", "bias", "running_mean", "running_var")
            layer.set_weights([numbers[f"bn{current}.{part}"] for part in parts])
        elif isinstance(layer, layers.Dense):
            name = next(heads)
            kernel = numbers[f"{name}.weight"]
            if name == "fc6":
                # Keras flattens the map in the order H, W, C.
                kernel = kernel.reshape(len(kernel), -1, 2, 2).transpose(0, 2, 3, 1).reshape(len(kernel), -1)
            layer.set_weights([kernel.T, numbers[f"{name}.bias"]])


def save(name, form, model, endings=(".h5", ".keras", ".weights.h5"), **facts):
    kinds = {".h5": "model.save(.h5)", ".keras": "model.save(.keras)", ".weights.h5": "save_weights(.weights.h5)"}
    for ending in endings:
        words = kinds[ending]
        target = index.add(f"{MAJOR}-{name}{ending}", f"{form}, {words}", **facts)
        model.save_weights(target) if ending == ".weights.h5" else model.save(target)


save("base", "VGG16(include_top=False)", network(None), head=None)
save("mlp", "base model, pooling, two dense layers", network("mlp"), head="mlp")
save("flat-vgg", "base model, Flatten, three dense layers, in one graph", network("vgg", nested=False), head="vgg")
save("unnamed", "layers without names, batch norms", network("linear", named=False, norm=True), head="linear", norm=True, epsilon=1e-3)
rescaled = network("linear", before=[layers.Rescaling(1 / 255), layers.RandomFlip()])
rescaled.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
rescaled.fit(np.zeros((2, 64, 64, 3)), np.zeros(2), verbose=0, epochs=1)
fill(rescaled, f.canonical("linear"))
unit = {"channels": "rgb", "unit": False, "mean": [0] * 3, "std": [255] * 3}
# The config says what the weights alone do not.
CONFIG, WEIGHTS = (".h5", ".keras"), (".weights.h5",)
save("trained", "Rescaling and RandomFlip before it, trained with Adam", rescaled, CONFIG, head="linear", preprocessing=unit)
save("trained", "Rescaling and RandomFlip before it, trained with Adam", rescaled, WEIGHTS, head="linear")
augmentation = keras.Sequential([layers.RandomFlip(), layers.Rescaling(1 / 127.5, offset=-1), layers.RandomRotation(0.1)])
save("augmented", "a model of augmentations with a Rescaling before it", network("linear", before=[augmentation]), CONFIG, head="linear",
     preprocessing={"channels": "rgb", "unit": False, "mean": [127.5] * 3, "std": [127.5] * 3})
shifted = layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 4.0, 4.0])
save("normalized", "a Normalization before it", network("linear", before=[shifted]), CONFIG, head="linear", note="Normalization")

save("epsilon", "batch norms with an epsilon of their own", network("linear", norm=True, epsilon=1e-5), CONFIG, head="linear", norm=True, epsilon=1e-5)
save("zero-padding", "ZeroPadding2D in front of each convolution", network("linear", padding="zeros"), CONFIG, head="linear")
save("valid", "convolutions without padding", network("linear", padding="valid", size=192), CONFIG, head="linear", refused="padding valid")
save("elu", "another activation", network("linear", activation="elu"), CONFIG, head="linear", refused="activation elu")
save("average", "AveragePooling2D", network("linear", pool=layers.AveragePooling2D), CONFIG, head="linear", refused="AveragePooling2D")
save("tanh", "a hidden layer with tanh", network("mlp", hidden="tanh"), CONFIG, head=None, note="tanh")

if LEGACY:
    old = network("mlp")
    old.save_weights(index.add("keras2-weights.h5", "save_weights(.h5), the form of Keras 2", head="mlp"), save_format="h5")

if LEGACY:
    import tensorflow as tf
    import tf2onnx

    def onnx(name, form, model, **facts):
        shape = (None, 64, 64, 3)
        tf2onnx.convert.from_keras(model, [tf.TensorSpec(shape, tf.float32)], output_path=str(index.add(name, form, **facts)))

    index.software = f"tf2onnx {tf2onnx.__version__}"
    onnx("tf2onnx.onnx", "Flatten and three dense layers", network("vgg"), head="vgg")
    onnx("tf2onnx-mlp.onnx", "pooling and two dense layers", network("mlp"), head="mlp")
    onnx("tf2onnx-norm.onnx", "batch norms", network("linear", norm=True), head="linear", norm=True, epsilon=1e-3, folded=True)
    body = network("linear")
    inputs = keras.Input((64, 64, 3))
    inside = keras.Model(inputs, body(keras.applications.vgg16.preprocess_input(inputs)))
    onnx("tf2onnx-caffe.onnx", "with VGG16's preprocess_input inside", inside, head="linear",
         preprocessing={"channels": "bgr", "unit": False, "mean": [103.939, 116.779, 123.68], "std": [1, 1, 1]})
    scaled = keras.Model(inputs, body(layers.Rescaling(1 / 127.5, offset=-1)(inputs)))
    onnx("tf2onnx-rescaled.onnx", "with a Rescaling inside", scaled, head="linear",
         preprocessing={"channels": "rgb", "unit": False, "mean": [127.5] * 3, "std": [127.5] * 3})

index.write(f"{MAJOR}.json")
if len(sys.argv) > 2:
    import full_size
    full_size.keras_files(pathlib.Path(sys.argv[2]), keras, MAJOR)
