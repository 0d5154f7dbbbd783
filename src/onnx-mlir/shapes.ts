/** What the driver is told about input shapes: fixed sizes, bounds, and which dimensions are equal. */
import { UsageError } from '../errors/index.ts'
import { sizeNames, withSizes } from '../graph/given-sizes.ts'
import type { Model, OnnxDim } from '../onnx/model.ts'
import type { OnnxMlirOptions } from './options.ts'

type ShapeOptions = Pick<OnnxMlirOptions, 'dims' | 'bounds' | 'shapes' | 'dimParams'>

export interface ShapeFlags {
  /** `0:1x3x224x224,1:8x-1`; `undefined` where nothing is fixed. */
  readonly shapeInformation: string | undefined
  readonly shapeInformationLB: string | undefined
  readonly shapeInformationUB: string | undefined
  /** `0:0=batch,1=seq|1:0=batch`; `undefined` where no input has a symbolic dimension. */
  readonly dimParams: string | undefined
}

/**
 * Values of the shape flags. Inputs are numbered as the compiler numbers them: initializers that are also inputs don't count.
 * @throws UsageError `USAGE_DIMS` for names and sizes that the model doesn't have
 */
export function shapeFlags(model: Model, options: ShapeOptions): ShapeFlags {
  const inputs = inputsOf(model)
  const symbols = new Set(inputs.flatMap(({ dims }) => dims?.filter((dim) => typeof dim === 'string') ?? []))
  const sizes = new Map(Object.entries(options.dims ?? {}))
  const bounds = new Map(Object.entries(options.bounds ?? {}))
  const shapes = new Map(Object.entries(options.shapes ?? {}))
  const sizeable = sizeNames(model, sizes)
  for (const name of sizes.keys())
    if (!sizeable.includes(name)) throw unknown(model, 'symbolic dimension', name, sizeable)
  for (const name of bounds.keys())
    if (!symbols.has(name)) throw unknown(model, 'symbolic dimension', name, [...symbols])
  for (const [name, shape] of shapes) {
    const input = inputs.find((candidate) => candidate.name === name)
    if (input === undefined)
      throw unknown(
        model,
        'input',
        name,
        inputs.map((candidate) => candidate.name),
      )
    if (input.dims !== undefined && !fits(shape, input.dims)) throw misfit(model, name, shape, input.dims)
  }
  for (const size of [...sizes.values(), ...[...bounds.values()].flatMap(({ min = 1, max = min }) => [min, max])]) {
    if (!Number.isSafeInteger(size) || size < 1)
      throw new UsageError('USAGE_DIMS', `A dimension must be a positive whole number, not ${size}.`)
  }

  const sized = inputsOf(withSizes(model, sizes))
  const fixed = sized.map(({ name, dims }) => shapes.get(name) ?? dims?.map(sizeOf))
  const changed = sized.map(
    ({ name, dims }, i) => shapes.has(name) || dims?.some((dim, axis) => dim !== inputs[i]?.dims?.[axis]),
  )
  const bounded = (side: 'min' | 'max') =>
    inputs.map(({ dims }) => dims?.map((dim) => (typeof dim === 'string' ? (bounds.get(dim)?.[side] ?? -1) : -1)))
  return {
    shapeInformation: shapeList(fixed.map((shape, i) => (changed[i] ? shape : undefined))),
    shapeInformationLB: shapeList(bounded('min').map(onlyIfKnown)),
    shapeInformationUB: shapeList(bounded('max').map(onlyIfKnown)),
    dimParams:
      options.dimParams === false
        ? undefined
        : equalDims(
            inputs.map(({ dims }) => dims),
            fixed,
          ),
  }
}

function inputsOf({ graph }: Model): { name: string; dims: readonly OnnxDim[] | undefined }[] {
  return graph.inputs.map(({ name, type }) => ({ name, dims: type?.kind === 'tensor' ? type.shape : undefined }))
}

function sizeOf(dim: OnnxDim): number {
  return typeof dim === 'number' ? dim : -1
}

function shapeList(shapes: readonly (readonly number[] | undefined)[]): string | undefined {
  const entries = shapes.flatMap((shape, i) =>
    shape === undefined || shape.length === 0 ? [] : [`${i}:${shape.join('x')}`],
  )
  return entries.length === 0 ? undefined : entries.join(',')
}

function onlyIfKnown(shape: readonly number[] | undefined): readonly number[] | undefined {
  return shape?.some((size) => size >= 0) ? shape : undefined
}

/** The dimensions that keep a symbol, named so that no character of the model's own name can be taken for syntax. */
function equalDims(
  inputs: readonly (readonly OnnxDim[] | undefined)[],
  fixed: readonly (readonly number[] | undefined)[],
): string | undefined {
  const names = new Map<string, string>()
  const entries = inputs.flatMap((dims, input) => {
    const named = (dims ?? []).flatMap((dim, axis) => {
      if (typeof dim !== 'string' || dim === '' || (fixed[input]?.[axis] ?? -1) >= 0) return []
      return [`${axis}=${safeName(dim, names)}`]
    })
    return named.length === 0 ? [] : [`${input}:${named.join(',')}`]
  })
  return entries.length === 0 ? undefined : entries.join('|')
}

function safeName(symbol: string, names: Map<string, string>): string {
  const known = names.get(symbol)
  if (known !== undefined) return known
  const taken = new Set(names.values())
  let name = /^[A-Za-z_]\w{0,62}$/.test(symbol) ? symbol : 'dim_0_'
  for (let i = 1; taken.has(name); i++) name = `dim_${i}_`
  names.set(symbol, name)
  return name
}

function fits(shape: readonly number[], dims: readonly OnnxDim[]): boolean {
  return (
    shape.length === dims.length &&
    shape.every(
      (size, axis) =>
        size === -1 ||
        (Number.isSafeInteger(size) && size >= 0 && (typeof dims[axis] !== 'number' || dims[axis] === size)),
    )
  )
}

function misfit(model: Model, input: string, shape: readonly number[], dims: readonly OnnxDim[]): UsageError {
  const stated = dims.map((dim) => dim ?? '?').join(', ')
  const message = `${model.path}: the shape [${shape.join(', ')}] doesn’t fit input ${JSON.stringify(input)}, which is [${stated}].`
  return new UsageError('USAGE_DIMS', message, { model: model.path, input, given: shape, expected: dims })
}

function unknown(model: Model, what: string, name: string, known: readonly string[]): UsageError {
  const has = known.length === 0 ? `it has none` : `it has ${known.map((k) => JSON.stringify(k)).join(', ')}`
  const message = `${model.path} has no ${what} ${JSON.stringify(name)}: ${has}.`
  return new UsageError('USAGE_DIMS', message, { model: model.path, given: name, expected: known })
}
