// A model that is linked into a program bears its name in all that a linker sees, as onnx-mlir's models bear their tag: so that a
// program can have several.

/** What a model shows to other files. */
const shown = [
  'run_main_graph',
  'omQueryEntryPoints',
  'omInputSignature',
  'omOutputSignature',
  '_entry_point_0',
  '_entry_point_0_in_sig',
  '_entry_point_0_out_sig',
  'om_builtin_model',
  'om_prepare',
  'om_forget',
  'om_run_threads',
  'omInstrumentPrint',
  'om_cpu_level',
] as const

/** The weights' name in C and assembly. */
export function weightsName(tag: string | undefined): string {
  return tag === undefined ? 'om_weights' : `om_weights_${tag}`
}

/** C that gives the names of other files' definitions a model's tag; nothing without one. */
export function tagNames(names: readonly string[], tag: string | undefined): string {
  return tag === undefined ? '' : ['om_weights', ...names].map((name) => `#define ${name} ${name}_${tag}\n`).join('')
}

/** The same for what the model shows. Its tensors are those of the whole program. */
export function tagShown(tag: string | undefined): string {
  return tag === undefined ? '' : `#define OM_TENSOR_APART\n${tagNames(shown, tag)}`
}

/** What C can call a thing of this name: `mnist-8` is mnist_8, `2.1` is model_2_1. */
export function cName(name: string): string {
  const word = name.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '')
  return /^[A-Za-z]/.test(word) ? word : `model${word && '_'}${word}`
}

/** What compilers and linkers look for by `#include <math.h>` and `-lm`, and would find a model instead: C's headers, ours, libraries. */
const taken = new Set(
  (
    'assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic stdbool stddef ' +
    'stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype pthread sched semaphore unistd onnxmlirruntime ' +
    'c m dl rt gcc util'
  ).split(' '),
)

/** The tag of a model of this name: `mnist-8` is mnist_8, but `math` is model_math; names that begin with om_ are ours in C. */
export function modelTag(name: string): string {
  const word = cName(name)
  return taken.has(word.toLowerCase()) || /^om(_|$)/i.test(word) ? `model_${word}` : word
}
