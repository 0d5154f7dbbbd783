import { add, ceilDivide, type Dim, maximum, multiply, subtract } from '../graph/dim.ts'
import type { Node, ValueInfo } from '../graph/graph.ts'
import { tensorFrom } from '../onnx/tensor.ts'
import { isFloat } from '../onnx/element-type.ts'
import { loadElement, storeElement } from './c-text.ts'
import { checkSingle } from './agreement.ts'
import { checkKind, checkSameType } from './elementwise.ts'
import { foldsWell, numbersOf } from './fold.ts'
import type { KernelWriter, LoweredOperator } from './lowering.ts'

/** max(0, ⌈(limit - start) / delta⌉), where start, limit and delta are known as dimensions. */
function lengthOf(node: Node): Dim | undefined {
  const [start, limit, delta] = [0, 1, 2].map((i) => node.input(i).contents?.[0])
  if (start === undefined || limit === undefined || typeof delta !== 'number' || delta === 0) return undefined
  const distance = delta > 0 ? subtract(limit, start) : subtract(start, limit)
  const length = ceilDivide(distance, Math.abs(delta))
  const isSize = start === 0 && delta > 0 && typeof limit !== 'number'
  return isSize ? length : maximum(0, length)
}

/** More elements than this are not followed as contents. */
const MOST_CONTENTS = 64

function contentsOf(node: Node, length: Dim): Dim[] | undefined {
  const [start, delta] = [node.input(0).contents?.[0], node.input(2).contents?.[0]]
  if (start === undefined || delta === undefined || typeof length !== 'number' || length > MOST_CONTENTS)
    return undefined
  return Array.from({ length }, (_, i) => add(start, multiply(delta, i)))
}

/** C expressions of start, limit and delta as numbers to compute with. */
function bounds(node: Node, k: KernelWriter): string[] {
  k.include('types.h')
  return [0, 1, 2].map((i) => loadElement(node.input(i).type, `${k.input(i)}[0]`))
}

/** ONNX Range-11 … 27. */
const Range: LoweredOperator = {
  name: 'Range',
  infer(node, context): ValueInfo[] {
    const [start, limit, delta] = [node.input(0), node.input(1), node.input(2)]
    for (const i of [0, 1, 2]) checkSingle(node, i)
    for (const bound of [start, limit, delta]) {
      checkKind(node, bound, 'number')
      checkSameType(node, start, bound)
    }
    const length = lengthOf(node) ?? context.freshDim()
    return [{ type: start.type, shape: [length], contents: contentsOf(node, length) }]
  },
  fold(node) {
    const numbers = [0, 1, 2].map((i) => numbersOf(node.input(i).constant!)?.[0])
    const [start, limit, delta] = numbers
    if (start === undefined || limit === undefined || delta === undefined || delta === 0) return undefined
    const length = Math.max(0, Math.ceil((limit - start) / delta))
    if (!Number.isSafeInteger(length) || !foldsWell([], [length])) return undefined
    return [
      tensorFrom(
        node.input(0).type,
        [length],
        Array.from({ length }, (_, i) => start + i * delta),
      ),
    ]
  },
  sizes(node, k) {
    const [start, limit, delta] = bounds(node, k)
    const size = k.symbol(node.output().dims[0]!)
    k.failIf(`${delta} == 0`, 'delta is 0')
    if (isFloat(node.input(0).type)) {
      k.line(`const double count = ceil(((double)${limit} - (double)${start}) / (double)${delta});`)
      k.line(`*${size} = count > 0 ? om_to_int64(count) : 0;`)
    } else {
      k.line(`const int64_t step = (int64_t)${delta}, distance = (int64_t)${limit} - (int64_t)${start};`)
      k.line(`*${size} = (distance < 0) != (step < 0) || distance == 0 ? 0 : distance / step + (distance % step != 0);`)
    }
  },
  lower(node, k) {
    const [start, , delta] = bounds(node, k)
    const { type, dims } = node.output()
    const factor = isFloat(type) ? (type === 'float64' ? '(double)i' : '(float)i') : 'i'
    k.line(
      `for (int64_t i = 0; i < ${k.count(dims)}; i++) ${storeElement(type, `${k.output()}[i]`, `${start} + ${factor} * ${delta}`)}`,
    )
  },
}

export const ranges: readonly LoweredOperator[] = [Range]
