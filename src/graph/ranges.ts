import { CompileError } from '../errors/index.ts'
import { type DimensionRange, readRanges } from '../onnx/dimension-ranges.ts'
import type { Model } from '../onnx/model.ts'
import type { GraphBuilder } from './builder.ts'
import type { Dim } from './dim.ts'
import type { Value } from './graph.ts'

/**
 * Ends a run where a size of the inputs is outside of what the model's metadata allows: what it was exported for, and computes
 * nothing meaningful beyond.
 *
 * @throws CompileError `MODEL_SHAPE` for a size that is known to be outside
 */
export function requireRanges(model: Model, inputs: readonly Value[], builder: GraphBuilder): void {
  const ranges = readRanges(model)
  if (ranges.size === 0) return
  const seen = new Set<string>()
  for (const [i, { type }] of model.graph.inputs.entries()) {
    const shape = type?.kind === 'tensor' ? (type.shape ?? []) : []
    shape.forEach((name, axis) => {
      const range = typeof name === 'string' && !seen.has(name) ? ranges.get(name) : undefined
      const dim = inputs[i]?.shape?.[axis]
      if (!range || dim === undefined) return
      seen.add(String(name))
      for (const rule of rulesOf(range)) requireRule(model, builder, String(name), dim, rule)
    })
  }
}

type Rule = { readonly op: 'GreaterOrEqual' | 'LessOrEqual' | 'Mod'; readonly bound: number; readonly words: string }

function rulesOf({ min = 0, max, multipleOf = 1 }: DimensionRange): Rule[] {
  return [
    ...(min > 0 ? [{ op: 'GreaterOrEqual', bound: min, words: `at least ${min}` } as const] : []),
    ...(max === undefined ? [] : [{ op: 'LessOrEqual', bound: max, words: `at most ${max}` } as const]),
    ...(multipleOf > 1 ? [{ op: 'Mod', bound: multipleOf, words: `a multiple of ${multipleOf}` } as const] : []),
  ]
}

function requireRule(model: Model, builder: GraphBuilder, name: string, dim: Dim, { op, bound, words }: Rule): void {
  const sentence = `the dimension ${JSON.stringify(name)} should be ${words}, as the model was exported`
  if (typeof dim === 'number') {
    const holds = op === 'Mod' ? dim % bound === 0 : op === 'LessOrEqual' ? dim <= bound : dim >= bound
    if (!holds) throw new CompileError('MODEL_SHAPE', `Model ${model.path}: ${sentence}, not ${dim}.`)
    return
  }
  builder.from({ name, origin: -1 }, () => {
    const given = builder.op(op, [builder.dims([dim]), builder.ints([bound])])
    const condition = op === 'Mod' ? builder.op('Equal', [given, builder.ints([0])]) : given
    builder.ops('Require', [builder.op('Squeeze', [condition])], 0, { holds: 1, sentence }, 'om')
  })
}
