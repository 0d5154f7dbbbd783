/**
 * Extensions of the files that an import takes for models: the one list of them, from which every host's filters, TypeScript's
 * patterns and the command line's file names are made. How a file is read its contents tell, not its name: `tfjs` is what a
 * `model.json` of TensorFlow.js is called to be imported, as every host has a use of its own for `.json`.
 */
export const extensions = ['onnx', 'tflite', 'pt2', 'tfjs'] as const

/** The end of a model's path as a regular expression, in what JavaScript's, Go's and Rust's have in common: hosts filter by it. */
export const ending = `\\.(?:${extensions.join('|')})`

/** What hosts filter by, so that they ask about models only; `isModelId` knows more. */
export const filters = {
  /** `m.onnx` */
  path: new RegExp(`${ending}$`, 'i'),
  /** `m.onnx?O=2` */
  withQuery: new RegExp(`${ending}\\?`, 'i'),
  /** Either. */
  id: new RegExp(`${ending}(?:\\?|$)`, 'i'),
}

/** Whether a file is a model to TypeScript, which tells upper from lower case everywhere. */
export function isModelName(name: string): boolean {
  return extensions.some((extension) => name.endsWith(`.${extension}`))
}

/** Whether a text may name a model: a quick look before a thorough one. */
export function mentionsModel(source: { includes(text: string): boolean }): boolean {
  return extensions.some((extension) => source.includes(`.${extension}`))
}

/**
 * What files are called that are made of a model: `m` of `m.onnx`, but `m.tflite` of `m.tflite`, as the two may be beside each
 * other.
 */
export function stemOf(path: string): string {
  return path.replace(/\.onnx$/i, '')
}
