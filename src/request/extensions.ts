/**
 * Extensions of the files that an import takes for models: the one list of them, from which every host's filters, TypeScript's
 * patterns and the command line's file names are made. How a file is read its contents tell, not its name: `tfjs` is what a
 * `model.json` of TensorFlow.js is called to be imported, as every host has a use of its own for `.json`.
 */
export const extensions = ['onnx', 'tflite', 'pt2', 'tfjs', 'pt', 'keras'] as const

/**
 * The extension of files that are models only where the import says what of them is: `net.py?export=Net`. An app may have others,
 * for other plugins.
 */
export const moduleExtension = 'py'

/** The file that TensorFlow knows a SavedModel by, in a folder of its own. Other `.pb` files are other programs'. */
export const savedModelName = 'saved_model.pb'

/** Of files that Python reads, or may have to: they are looked at where something imports them. */
const ofPython = ['pt', 'keras', moduleExtension] as const

const savedModel = `[\\\\/]${savedModelName.replace('.', '\\.')}`

/** The end of a model's path as a regular expression, in what JavaScript's, Go's and Rust's have in common: hosts filter by it. */
export const ending = `(?:\\.(?:${[...extensions, moduleExtension].join('|')})|${savedModel})`

const named = `(?:\\.(?:${extensions.join('|')})|${savedModel})`
const module = `\\.${moduleExtension}\\?(?:[^?]*&)?export=`

/** What hosts filter by, so that they ask about models only; `isModelId` knows more. */
export const filters = {
  /** `m.onnx` */
  path: new RegExp(`${named}$`, 'i'),
  /** `m.py`, whose query decides. */
  module: new RegExp(`\\.${moduleExtension}$`, 'i'),
  /** Either of the two. */
  file: new RegExp(`${ending}$`, 'i'),
  /** `m.onnx?O=2`, `m.py?export=Net` */
  withQuery: new RegExp(`${named}\\?|${module}`, 'i'),
  /** `m.onnx` with a query or without, `m.py?export=Net` */
  id: new RegExp(`${named}(?:\\?|$)|${module}`, 'i'),
}

/** Whether a file is a model to TypeScript, which tells upper from lower case everywhere. */
export function isModelName(name: string): boolean {
  const isExtended = [...extensions, moduleExtension].some((extension) => name.endsWith(`.${extension}`))
  return isExtended || isSavedModelName(name)
}

/** Whether a file is that of a SavedModel, by its name or path. */
export function isSavedModelName(path: string): boolean {
  return path.split(/[\\/]/).at(-1) === savedModelName
}

/** Whether a file is Python's own, by its name. */
export function isModuleName(name: string): boolean {
  return filters.module.test(name)
}

/** Whether a file is a model only where something imports it: weights have such names, too, and reading it runs Python. */
export function isOnlyAsImported(name: string): boolean {
  return ofPython.some((extension) => name.endsWith(`.${extension}`)) || isSavedModelName(name)
}

const mentions = [...extensions.map((extension) => `.${extension}`), `.${moduleExtension}?`, `/${savedModelName}`]

/** Whether a text may name a model: a quick look before a thorough one. */
export function mentionsModel(source: { includes(text: string): boolean }): boolean {
  return mentions.some((text) => source.includes(text))
}

/**
 * What files are called that are made of a model: `m` of `m.onnx`, but `m.tflite` of `m.tflite`, as the two may be beside each
 * other.
 */
export function stemOf(path: string): string {
  return path.replace(/\.onnx$/i, '')
}
