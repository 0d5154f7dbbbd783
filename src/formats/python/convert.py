"""Has PyTorch, Keras or TensorFlow write ONNX of a model that they alone can read. Run by unplugin-onnx-mlir while it builds.

    convert.py probe       prints which packages this Python has, as JSON; none of them is imported
    convert.py JOB.json    converts, and writes the result as JSON where the job says; what is printed is the packages' own

A job: kind ("torchscript", "module", "keras", "savedmodel"), file, export (of a module: the name in it), signature (of a SavedModel), inputs (a list of name, type, shape;
a size is a number or the name of one that varies), sizes (what such a size is while the model runs once), outputs (names),
root (folder whose files are reported), onnx and result (files to write).

A result: ok, files (what was read beside libraries), and where ok is true warnings, else code, message and what belongs to them.
For Python 3.8 and torch 1.13 or newer; Keras 3; TensorFlow 2 with tf2onnx.
"""

import functools
import importlib
import importlib.util
import inspect
import json
import os
import platform
import subprocess
import sys
import sysconfig
import warnings

OPSET = 17  # the newest that torch 1.13 writes; torch 2.13 still does


class Failure(Exception):
    """What is told to the user: a code that unplugin-onnx-mlir knows, and a line."""

    def __init__(self, code, message, **facts):
        super().__init__(message)
        self.result = {"ok": False, "code": code, "message": message, **facts}


def probe():
    """Whether packages are there, their versions, and the folders in which they would be."""
    from importlib import metadata

    def version(name):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            return None
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return "unknown"

    return {
        "python": platform.python_version(),
        "folders": [os.path.abspath(folder) for folder in sys.path[1:] if os.path.isdir(folder)],
        "packages": {name: version(name) for name in ("torch", "keras", "tf2onnx")},
    }


def telling_line(error):
    """The line of an error that says most: the first, but the last where TorchScript shows its own traceback before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    kind, colon, _ = lines[-1].partition(": ")
    if colon and len(lines) > 1 and kind.isidentifier() and kind.endswith(("Error", "Exception")):
        return lines[-1]
    # A tensor that torch shows in parentheses has lines of its own.
    told, *more = lines
    while more and told.count("(") > told.count(")"):
        told += " " + more.pop(0)
    return "%s: %s" % (type(error).__name__, told)


def import_torch():
    try:
        import torch
    except ImportError as error:
        raise Failure("NO_TORCH", telling_line(error))
    numbers = [int(part) for part in torch.__version__.split("+")[0].split(".")[:2]]
    if numbers < [1, 13]:
        raise Failure("TORCH_TOO_OLD", "torch is %s; it takes 1.13 or newer" % torch.__version__)
    return torch


def convert_torch(job):
    torch = import_torch()
    files = Files(job["root"])
    files.hear_native(torch.jit, "load")
    try:
        files.hear_native(importlib.import_module("safetensors"), "safe_open")
    except ImportError:
        pass
    try:
        told = write_onnx(torch, job)
    except Failure as failure:
        failure.result["files"] = files.read()
        raise
    return {"warnings": told, "files": files.read()}


def write_onnx(torch, job):
    """Gives what torch warned of: ways that data chose and a trace has fixed."""
    load = load_script if job["kind"] == "torchscript" else load_module
    model, examples, dynamic_axes = load(torch, job)
    try:
        model.eval()
    except (AttributeError, RuntimeError):
        pass  # A frozen TorchScript module has no such mode any more.
    parameters = parameters_of(torch, model)
    if job["inputs"] or examples is None:
        examples = made_examples(torch, job, parameters)
        dynamic_axes = {
            one["name"]: {axis: size for axis, size in enumerate(one["shape"]) if isinstance(size, str)}
            for one in job["inputs"]
        }
    names, arguments = in_order(torch, examples, parameters)
    has_others = len(names) < len(parameters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        export_torch(torch, model, names, arguments, has_others, dynamic_axes, job)
    tracer = getattr(torch.jit, "TracerWarning", ())
    messages = [(one.category, str(one.message).splitlines()[0]) for one in caught if str(one.message)]
    told = [line for category, line in messages if issubclass(category, tracer) or line.startswith("Provided key")]
    return list(dict.fromkeys(told))[:5]


def load_script(torch, job):
    try:
        return torch.jit.load(job["file"], map_location="cpu"), None, {}
    except Exception as error:
        raise Failure("LOAD", telling_line(error))


def load_module(torch, job):
    """The module that a Python file makes, the inputs that it is shown with, and which of their sizes vary."""
    module = imported(job["file"])
    name = job["export"]
    if not hasattr(module, name):
        own = [key for key, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
        raise Failure("NO_EXPORT", "there is no %s in it" % name, names=[key for key in own if not key.startswith("_")])
    try:
        made = getattr(module, name)
        if not isinstance(made, torch.nn.Module) and callable(made):
            made = made()
        made, examples = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
        if not isinstance(made, torch.nn.Module):
            raise Failure("NO_EXPORT", "%s is or makes no torch.nn.Module, but %s" % (name, type(made).__name__), names=[])
        for place in (made, module):
            if examples is None:
                examples = getattr(place, "example_inputs", None)
        if callable(examples):
            examples = examples()
        return made, examples, getattr(made, "dynamic_axes", None) or getattr(module, "dynamic_axes", None) or {}
    except Failure:
        raise
    except Exception as error:
        raise Failure("MODULE", telling_line(error))


def imported(file):
    """The module of a file; one in a package by the name that it has there, so that its relative imports work."""
    folder, base = os.path.split(os.path.realpath(file))
    parts = [os.path.splitext(base)[0].replace(".", "_")]  # net.v2.py is no net with a v2 in it.
    while os.path.exists(os.path.join(folder, "__init__.py")):
        folder, package = os.path.split(folder)
        parts.insert(0, package)
    sys.path[0] = folder
    name = ".".join(parts)
    try:
        if base == parts[-1] + ".py":
            module = importlib.import_module(name)
        else:
            spec = importlib.util.spec_from_file_location(name, file)
            module = sys.modules[name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
    except BaseException as error:  # A script may end in sys.exit().
        raise Failure("MODULE", telling_line(error))
    if not getattr(module, "__file__", None) or not os.path.samefile(module.__file__, file):
        raise Failure("MODULE", "another module is called %s, too; rename the file" % parts[0])
    return module


def parameters_of(torch, model):
    """What `forward` takes: name, type as text, default (`inspect.Parameter.empty` for none)."""
    none = inspect.Parameter.empty
    if isinstance(model, torch.jit.ScriptModule):
        given = model.forward.schema.arguments[1:]
        return [(one.name, str(one.type), one.default_value if one.has_default_value() else none) for one in given]
    given = inspect.signature(model.forward).parameters.values()
    # By keyword alone nothing is exported, so those keep their defaults.
    keyword = [one.name for one in given if one.kind == one.KEYWORD_ONLY and one.default is none]
    if keyword:
        raise Failure("INPUTS", "forward takes %s by keyword only; take the * out of it" % ", ".join(keyword))
    named = [one for one in given if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    return [(one.name, "Tensor", one.default) for one in named]


def made_examples(torch, job, parameters):
    """Inputs of the shapes that the job gives. Sizes that vary differ, so that no two axes agree by accident."""
    taken = {size for one in job["inputs"] for size in one["shape"]} | set(job["sizes"].values())
    sizes = dict(job["sizes"])
    generator = torch.Generator().manual_seed(0)

    def size_of(size):
        if isinstance(size, str) and size not in sizes:
            sizes[size] = next(number for number in range(2, 1 << 20) if number not in taken)
            taken.add(sizes[size])
        return sizes.get(size, size)

    def tensor(one):
        shape = [size_of(size) for size in one["shape"]]
        dtype = getattr(torch, one["type"], None)
        if dtype is None:
            raise Failure("INPUTS", "torch %s has no type %s" % (torch.__version__, one["type"]))
        # Numbers may be indices: 0 is one of every table.
        return torch.rand(shape, generator=generator).to(dtype) if dtype.is_floating_point else torch.zeros(shape, dtype=dtype)

    expect_known([one["name"] for one in job["inputs"]], parameters)
    given = {one["name"]: tensor(one) for one in job["inputs"]}
    needed = [name for name, _, default in parameters if default is inspect.Parameter.empty and name not in given]
    if needed:
        told = [{"name": name, "type": kind} for name, kind, _ in parameters]
        raise Failure("NEED_INPUTS", "it does not say what shapes its inputs have", arguments=told, missing=needed)
    return given


def expect_known(names, parameters):
    known = [name for name, _, _ in parameters]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Failure("INPUTS", "forward takes no %s, but %s" % (", ".join(unknown), ", ".join(known) or "nothing"))


def in_order(torch, examples, parameters):
    """The tensors among the arguments by their names, and all arguments as `forward` takes them."""
    if isinstance(examples, torch.Tensor):
        examples = (examples,)
    known = [name for name, _, _ in parameters]
    if not isinstance(examples, (dict, list, tuple)):
        raise Failure("INPUTS", "example_inputs is no tensor, tuple or dict, but %s" % type(examples).__name__)
    if not isinstance(examples, dict):
        if len(examples) > len(known):
            raise Failure("INPUTS", "forward takes %d inputs, not %d" % (len(known), len(examples)))
        examples = dict(zip(known, examples))
    expect_known([str(name) for name in examples], parameters)
    for name, example in examples.items():
        # What is bound is the same in every run, which nobody means of tensors in a list or an array.
        if not isinstance(example, (torch.Tensor, bool, int, float, str, type(None))):
            raise Failure("INPUTS", "the example of %s is no tensor or number, but %s; forward can take each tensor by itself" % (name, type(example).__name__))
    last = max([known.index(name) for name in examples], default=-1)
    arguments = [examples.get(name, default) for name, _, default in parameters[: last + 1]]
    missing = [name for name, argument in zip(known, arguments) if argument is inspect.Parameter.empty]
    if missing:
        raise Failure("INPUTS", "there is no example of %s" % ", ".join(missing))
    names = [name for name, argument in zip(known, arguments) if isinstance(argument, torch.Tensor)]
    return names, tuple(arguments)


def of_tensors(torch, model, arguments):
    """The module with its other arguments bound, which torch would make inputs of."""

    class Bound(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, *tensors):
            left = iter(tensors)
            return self.model(*[next(left) if isinstance(one, torch.Tensor) else one for one in arguments])

    bound, tensors = Bound().eval(), tuple(one for one in arguments if isinstance(one, torch.Tensor))
    # TorchScript keeps its branches in a trace, but the exporter's own trace takes none.
    is_script = isinstance(model, torch.jit.ScriptModule)
    return torch.jit.trace(bound, tensors, check_trace=False) if is_script else bound, tensors


def export_torch(torch, model, names, arguments, has_others, dynamic_axes, job):
    options = {}
    # By default torch 2.9 and newer export another way, which takes no TorchScript.
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        options["dynamo"] = False
    try:
        with torch.no_grad():
            found = list(leaves(model(*arguments)))
            outputs = job["outputs"] or distinct(found, names)
            if len(outputs) != len(found):
                raise Failure("INPUTS", "%d names are given for %d outputs" % (len(outputs), len(found)))
            if has_others:
                model, arguments = of_tensors(torch, model, arguments)
            torch.onnx.export(
                model,
                arguments,
                job["onnx"],
                input_names=names,
                output_names=outputs,
                dynamic_axes=dynamic_axes,
                opset_version=OPSET,
                **options,
            )
    except Failure:
        raise
    except Exception as error:
        line = telling_line(error)
        is_missing = isinstance(error, ImportError) or "is not installed" in line
        raise Failure("NO_ONNX" if is_missing else "EXPORT", line)


def leaves(value, name=""):
    """Names of the tensors in what a module gives: keys of dicts, fields of named tuples, else numbers."""
    if isinstance(value, dict):
        parts = [(str(key), part) for key, part in value.items()]
    elif hasattr(value, "_fields"):
        parts = list(zip(value._fields, value))
    elif isinstance(value, (tuple, list)):
        parts = [("output_%d" % i if name == "" else str(i), part) for i, part in enumerate(value)]
    else:
        if value is not None:
            yield name or "output"
        return
    for key, part in parts:
        yield from leaves(part, key if name == "" else "%s.%s" % (name, key))


def distinct(names, taken):
    """The names, with a line below where one is an input's or another's."""
    found = []
    for name in names:
        while name in taken or name in found:
            name += "_"
        found.append(name)
    return found


class Files:
    """What is read of a project from now on: modules, wherever they are, and files in its folder."""

    def __init__(self, root):
        self.root = os.path.join(os.path.realpath(root), "")
        self.opened = set()
        paths = sysconfig.get_paths()
        self.libraries = tuple(os.path.join(paths[name], "") for name in ("stdlib", "platstdlib", "purelib", "platlib"))
        self.loaded = set(sys.modules)
        sys.addaudithook(self.hear)

    def hear(self, event, arguments):
        # Maps of memory are opened to be written, too (rb+).
        if event == "open" and isinstance(arguments[0], str) and "r" in (arguments[1] or ""):
            self.opened.add(os.path.realpath(arguments[0]))

    def hear_native(self, module, name):
        """Of files that native code opens nobody hears but by the arguments that it is called with."""
        native = getattr(module, name)

        @functools.wraps(native)
        def heard(*arguments, **named):
            for one in (*arguments, *named.values()):
                if isinstance(one, (str, os.PathLike)):
                    self.opened.add(os.path.realpath(one))
            return native(*arguments, **named)

        setattr(module, name, heard)

    def read(self):
        opened = [path for path in self.opened if path.startswith(self.root)]
        modules = [getattr(module, "__file__", None) for name, module in sys.modules.items() if name not in self.loaded]
        found = {os.path.realpath(path) for path in opened + [path for path in modules if path]}
        return sorted(path for path in found if self.is_own(path))

    def is_own(self, path):
        if path.startswith(self.libraries) or path.endswith(".pyc") or not os.path.isfile(path):
            return False
        return not {"site-packages", "dist-packages", "node_modules"} & set(path.split(os.sep))


def convert_keras(job):
    try:
        import keras
    except ImportError as error:
        raise Failure("NO_KERAS", telling_line(error))
    try:
        model = keras.models.load_model(job["file"], compile=False)
    except Exception as error:
        raise Failure("LOAD", telling_line(error))
    try:
        # Keras 3 exports no model that was never called, as one is that was just loaded. Its own inputs compute nothing.
        inputs = getattr(model, "inputs", None)
        if inputs:
            model(inputs if len(inputs) > 1 else inputs[0])
        model.export(job["onnx"], format="onnx")
    except ImportError as error:
        raise Failure("NO_ONNX", telling_line(error))
    except Exception as error:
        raise Failure("EXPORT", telling_line(error))
    return {"warnings": [], "files": []}


def convert_saved_model(job):
    folder = os.path.dirname(job["file"])
    options = ["--saved-model", folder, "--opset", str(OPSET), "--output", job["onnx"]]
    if job["signature"]:
        options += ["--signature_def", job["signature"]]
    # Its command is what tf2onnx documents for these, and what keeps the names of the signature.
    ended = subprocess.run([sys.executable, "-m", "tf2onnx.convert"] + options, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = [line.strip() for line in ended.stdout.decode("utf-8", "replace").splitlines() if line.strip()]
    if ended.returncode != 0 or not os.path.isfile(job["onnx"]):
        last = lines[-1] if lines else "it ended with %d" % ended.returncode
        print("\n".join(lines), file=sys.stderr)
        if "No module named" in last:
            raise Failure("NO_TENSORFLOW", last)
        raise Failure("SIGNATURE" if "signature" in last.lower() else "EXPORT", last)
    beside = [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names]
    return {"warnings": [], "files": sorted(path for path in beside if path != job["file"])}


converters = {"torchscript": convert_torch, "module": convert_torch, "keras": convert_keras, "savedmodel": convert_saved_model}


def main(path):
    with open(path, encoding="utf-8") as file:
        job = json.load(file)
    try:
        made = converters[job["kind"]](job)
        result = {"ok": True, **made}
    except Failure as failure:
        result = failure.result
        print("%(code)s: %(message)s" % result, file=sys.stderr)
    with open(job["result"], "w", encoding="utf-8") as file:
        json.dump(result, file)
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    if sys.argv[1:] == ["probe"]:
        print(json.dumps(probe()))
    else:
        sys.exit(main(sys.argv[1]))
