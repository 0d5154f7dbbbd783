import { numberOf } from '../../graph/fold.ts'
import type { Value } from '../../graph/graph.ts'
import type { RewriteContext } from '../../graph/rewrite.ts'
import { type ElementType, limitsOf } from '../../onnx/element-type.ts'
import { type Codes, codeOf, type Sides } from './byte-pairs.ts'
import { movedFromZero } from './integer-folding.ts'

/** How far a step may be from half a unit of the first rounding, relative to it: formats/tflite/rounding.ts leaves out 1e-3. */
const NEAR = 2e-3

/**
 * Codes of all products of two codes as TensorFlow Lite makes them, in integers that are rounded twice; `undefined` where what is
 * quantised isn't moved away from 0 as formats/tflite/rounding.ts moves such products. Floats have some of these, one of a
 * hundred thousand, on the other side of a half.
 *
 * Source: LiteRT kernels/mul.cc, whose factor is a float32; kernels/internal/common.cc, `MultiplyByQuantizedMultiplier`.
 */
export function productsRoundedTwice(
  x: Value,
  { a, b: other }: Sides,
  to: { readonly scale: number; readonly zero: number; readonly type: ElementType },
  b: RewriteContext,
): { readonly codes: Codes; readonly nudge: number } | undefined {
  const moved = movedFromZero(x, b)
  const product = moved?.value.producer
  const step = moved && numberOf(moved.step)
  if (product?.operator !== 'Mul' || step === undefined) return undefined
  const factors = [product.input(0), product.input(1)]
  if (![a, other].every(({ real }) => factors.includes(real))) return undefined
  const factor = Math.fround(Math.fround(a.scale * other.scale) / to.scale)
  const shift = -Math.floor(Math.log2(factor)) - 1
  const half = to.scale * 2 ** -(shift + 1)
  if (shift < 1 || Math.abs(step - half) > half * NEAR) return undefined
  const multiplier = Math.round(factor * 2 ** (31 + shift))
  const [least, most] = limitsOf(to.type).map(Number) as [number, number]
  const codes = Array.from({ length: 65536 }, (_, pair) => {
    const count = (codeOf(pair >> 8, a.codes.type) - a.zero) * (codeOf(pair & 255, other.codes.type) - other.zero)
    // Halves up, then away from 0. Products are less than 2^48.
    const once = Math.floor((count * multiplier + 2 ** 30) / 2 ** 31)
    const twice = Math.sign(once) * Math.floor(Math.abs(once) / 2 ** shift + 0.5)
    return Math.min(most, Math.max(least, twice + to.zero))
  })
  return { codes, nudge: half / to.scale }
}
