import { elementOf } from '../../graph/contents.ts'
import { add, ceilDivide, type Dim, integerOf, isAtLeast, maximum, multiply, subtract } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import * as integers from '../../graph/integer.ts'
import { takes } from '../../graph/rules.ts'
import { isFloat, isInteger } from '../../onnx/element-type.ts'
import { tensorFrom, tensorValues } from '../../onnx/tensor.ts'
import { arithmetic, loadElement, storeElement } from '../../lowering/c-text.ts'
import { foldsWell, numbersOf } from '../../graph/fold.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'

/** max(0, ⌈(limit - start) / delta⌉), where start, limit and delta are known as dimensions. */
function lengthOf(node: Node): Dim | undefined {
  const [start, limit, delta] = [0, 1, 2].map((i) => node.input(i).contents?.[0])
  if (start === undefined || limit === undefined || delta === undefined) return undefined
  if (integerOf(delta) === undefined || delta === 0) return undefined
  const rises = isAtLeast(delta, 1)
  const distance = rises ? subtract(limit, start) : subtract(start, limit)
  const length = ceilDivide(distance, rises ? delta : multiply(delta, -1))
  const isSize = start === 0 && rises && isAtLeast(limit, 0)
  return isSize ? length : maximum(0, length)
}

/** More elements than this are not followed as contents. */
const MOST_CONTENTS = 64

function contentsOf(node: Node, length: Dim): Dim[] | undefined {
  const [start, delta] = [node.input(0).contents?.[0], node.input(2).contents?.[0]]
  if (start === undefined || delta === undefined || typeof length !== 'number' || length > MOST_CONTENTS)
    return undefined
  const elements = Array.from({ length }, (_, i) => elementOf(node.input(0).type, add(start, multiply(delta, i))))
  return elements.every((dim) => dim !== undefined) ? elements : undefined
}

/** C expressions of start, limit and delta as numbers to compute with. */
function bounds(node: Node, k: KernelWriter): string[] {
  k.include('types.h')
  return [0, 1, 2].map((i) => loadElement(node.input(i).type, `${k.input(i)}[0]`))
}

/** ONNX Range-11 … 27. */
const Range: LoweredOperator = {
  name: 'Range',
  rules: takes('start:T[.] limit:T[.] delta:T[.]', { T: 'number' }),
  infer(node, context): ValueInfo[] {
    if (node.input(2).contents?.[0] === 0) throw node.error('MODEL_SHAPE', 'delta is 0')
    const length = lengthOf(node) ?? context.freshDim()
    return [{ type: node.input(0).type, shape: [length], contents: contentsOf(node, length) }]
  },
  fold(node) {
    const { type } = node.input(0)
    const tensors = [0, 1, 2].map((i) => node.input(i).constant!)
    if (isInteger(type)) {
      const [start, limit, delta] = tensors.map((tensor) => BigInt(tensorValues(tensor)[0]!)) as [
        bigint,
        bigint,
        bigint,
      ]
      if (delta === 0n) return undefined
      const length = integers.maximum(0n, -integers.floorDivide(start - limit, delta))
      if (!foldsWell([], [Number(length)])) return undefined
      const values = Array.from({ length: Number(length) }, (_, i) => start + BigInt(i) * delta)
      return [tensorFrom(type, [values.length], values)]
    }
    const [start, limit, delta] = tensors.map((tensor) => numbersOf(tensor)?.[0])
    if (start === undefined || limit === undefined || delta === undefined || delta === 0) return undefined
    const length = Math.max(0, Math.ceil((limit - start) / delta))
    if (!Number.isSafeInteger(length) || !foldsWell([], [length])) return undefined
    return [
      tensorFrom(
        type,
        [length],
        Array.from({ length }, (_, i) => start + i * delta),
      ),
    ]
  },
  sizes(node, k) {
    const [start, limit, delta] = bounds(node, k) as [string, string, string]
    const { type } = node.input(0)
    const size = k.symbol(node.output().dims[0]!)
    k.failIf(`${delta} == 0`, 'delta is 0')
    if (isFloat(type)) {
      k.line(`const double count = ceil(((double)${limit} - (double)${start}) / (double)${delta});`)
      k.failIf('count != count', 'start, limit and delta make no number of elements')
      k.line(`*${size} = count > 0 ? om_to_int64(count) : 0;`)
      return
    }
    // Distances and steps as unsigned integers: from the lowest to the highest no signed one would do.
    const count = (from: string, to: string, step: string): string =>
      `${to} > ${from} ? (int64_t)(((uint64_t)${to} - (uint64_t)${from} - 1) / ${step} + 1) : 0`
    const falling = type.startsWith('u') ? '0' : count(limit, start, `(UINT64_C(0) - (uint64_t)${delta})`)
    k.line(`*${size} = ${delta} > 0 ? (${count(start, limit, `(uint64_t)${delta}`)}) : (${falling});`)
  },
  lower(node, k) {
    const [start, , delta] = bounds(node, k)
    const { type, dims } = node.output()
    const factor = isFloat(type) ? (type === 'float64' ? '(double)i' : '(float)i') : 'i'
    const element = arithmetic(type, start!, '+', arithmetic(type, factor, '*', delta!))
    k.line(`for (int64_t i = 0; i < ${k.count(dims)}; i++) ${storeElement(type, `${k.output()}[i]`, element)}`)
  },
}

export const ranges: readonly LoweredOperator[] = [Range]
