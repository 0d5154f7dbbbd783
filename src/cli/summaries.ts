/** Every command in one line, by name: what `--help` says without loading any of them. */
export const summaries = {
  compile: 'Compile a model to a shared library with the C ABI of onnx-mlir, or to a WebAssembly module',
  inspect: "Show a model's signature, operators, size and cost",
  convert: 'Write a model of any format that can be imported as ONNX',
  report: 'Show which nodes run on NNPA (z16, z17), and why the others don’t',
  run: 'Run a model on data from files, or on random numbers, and time it',
  types: "Write declarations of the project's models, so that TypeScript knows their inputs and outputs",
  verify: 'Compare what the compiled model computes with expected data and with onnxruntime',
  bench: 'Time models on several engines, in turn and on the same inputs, and compare their results',
  doctor: 'Check what this machine has for compiling models, and how to get what is missing',
  'native-info': 'Tell C and C++ programs where headers and libraries are, building these if need be',
  cache: 'Show the cache of compiled models, empty it, or bring it below a size',
  conformance: 'Run an ONNX backend test folder and count what passes',
} as const
