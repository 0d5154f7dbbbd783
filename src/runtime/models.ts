import type { Model } from './model.ts'

/**
 * The models of a project by what names them for `loadModel`: `./models/fraud.onnx` from the project's root, aliases of its
 * package.json (`#models/fraud.onnx`) and files of packages that its sources name. Generated declarations add to it.
 */
// oxlint-disable-next-line typescript/no-empty-interface typescript/no-empty-object-type -- empty until declarations add to it
export interface Models {}

/** The model of a name or path, whatever its directives; one of unknown inputs and outputs where no declaration has it. */
export type ModelNamed<Name extends string> = Name extends keyof Models
  ? Models[Name]
  : Name extends `${infer File}?${string}`
    ? File extends keyof Models
      ? Models[File]
      : Model
    : Model
