import { posix } from 'node:path'
import { declarationFile } from '../emit/declaration-file.ts'
import { jsString } from '../emit/js.ts'
import type { TypesProblem } from './problem.ts'
import type { ModelUse } from './specifiers.ts'

export function unusualPath(model: string): TypesProblem {
  return {
    severity: 'error',
    code: 'TYPES_MODEL_PATH',
    file: model,
    message: `${jsString(model)} has a character in its path that has a meaning in import specifiers (* ? # % \\). Rename it to get types.`,
  }
}

export function unusualQuery({ path, query, file }: ModelUse): TypesProblem {
  return {
    severity: 'error',
    code: 'TYPES_QUERY',
    file,
    message:
      `${jsString(`${path}?${query}`)} can't be typed: directives may hold letters, digits and _ , = & - only. ` +
      `TypeScript takes the text behind the last dot for the file's extension.`,
  }
}

export function longQuery({ path, query, file }: ModelUse): TypesProblem {
  return {
    severity: 'error',
    code: 'TYPES_QUERY_LENGTH',
    file,
    message: `${jsString(`${path}?${query}`)} is too long for a file name, so it has no types. Move directives into the plugin's options.`,
  }
}

/** @param models that the text means in one folder or another */
export function collision(
  { path, query, file }: ModelUse,
  models: readonly string[],
  byAlias: ReadonlyMap<string, string>,
  isBeside: boolean,
): TypesProblem {
  const model = posix.join(posix.dirname(file), path)
  const alias = [...byAlias].find(([, aliased]) => aliased === model)?.[0]
  const remedy = alias
    ? `Import ${jsString(`${alias}?${query}`)} instead`
    : `Add "imports": { "#models/*": "./*" } to package.json and import ${jsString(`#models/${model}?${query}`)} instead`
  return {
    severity: 'error',
    code: 'TYPES_COLLISION',
    file,
    message:
      `${jsString(`${path}?${query}`)} means ${models.map(jsString).join(' or ')}, depending on the importing file. ` +
      `${isBeside ? 'Declarations beside models' : 'TypeScript on Windows'} can't tell them apart. ${remedy}, or drop the query.`,
  }
}

/** @param usual directives that the model is declared with */
export function variant({ path, query, file }: ModelUse, usual: string): TypesProblem {
  return {
    severity: 'warning',
    code: 'TYPES_VARIANT',
    file,
    message:
      `${jsString(`${path}?${query}`)} is typed as ${jsString(usual === '' ? path : `${path}?${usual}`)}: beside models, on Windows and outside of the project ` +
      `there is one declaration for a file, whatever its directives. Copy the model to have two.`,
  }
}

/** @param message says what was tried, and what to install */
export function withoutPython(model: string, message: string): TypesProblem {
  return { severity: 'warning', code: 'TYPES_PYTHON', file: model, message: `No types: ${message}` }
}

export function edited(file: string): TypesProblem {
  return {
    severity: 'error',
    code: 'TYPES_EDITED',
    file,
    message: `${file} was generated and then edited, so it is left as it is. Delete it to have it written anew; what it is to say beside belongs into a file of your own.`,
  }
}

export function foreign(file: string): TypesProblem {
  return {
    severity: 'error',
    code: 'TYPES_FOREIGN',
    file,
    message: `${file} is where a generated file belongs, but unplugin-onnx-mlir didn't write it, so it is left as it is. Move it, or delete it.`,
  }
}

/** @param model that is not of the project, in a project whose declarations are beside its models */
export function undeclaredOutside(model: string, { path, file }: ModelUse): TypesProblem {
  return {
    severity: 'warning',
    code: 'TYPES_UNDECLARED',
    file,
    message:
      `${jsString(path)} is no model of this project, and has no declaration beside it (${declarationFile(posix.basename(model))}), so TypeScript doesn't find the module (TS2307). ` +
      `Its package writes one with npx unplugin-onnx-mlir types --write-beside, to be published with the model; a project that has its own declarations in .onnx-mlir instead has those of packages there, too. ` +
      `Or put "types": ["unplugin-onnx-mlir/client"] into compilerOptions, which takes any inputs and outputs of it.`,
  }
}
