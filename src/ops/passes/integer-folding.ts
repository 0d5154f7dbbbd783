import { shapeEquals } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'
import { type ElementType, elementTypes, isByte, limitsOf } from '../../onnx/element-type.ts'
import { numberOf, numbersOf } from '../../graph/fold.ts'
import { type Quantisation, quantisationOf } from './qdq.ts'
import { castTo } from '../../lowering/widen.ts'
import { roundedTwice } from './rounded-twice.ts'

/**
 * What quantisers write behind a product of integers goes into the product: a Cast to float32, a factor (the product of
 * both scales) and a bias, so that its sums are floats as soon as they leave the registers; or the quantisation of its
 * result, which is then made of the sums, with what is added before it is rounded (formats/tflite/rounding.ts).
 */
export const integerFolding: readonly Rewrite[] = [scaleSums, addToFloats, quantiseFloats]

const PRODUCTS: readonly string[] = ['MatMulIntegers', 'ConvIntegers']

/** The product of integers that alone makes `value` for these uses, with a result of type `to`. */
function productOf(value: Value | undefined, to: 'int32' | 'float32', b: RewriteContext, uses = 1): Node | undefined {
  const node = value?.producer
  if (node?.domain !== 'om' || !PRODUCTS.includes(node.op) || b.uses(node.output()) !== uses) return undefined
  return node.output().type === to ? node : undefined
}

/** The operands of a commutative node, each as the first. */
function orders(node: Node): (readonly [Value, Value])[] {
  const [x, y] = [node.input(0), node.input(1)]
  return [
    [x, y],
    [y, x],
  ]
}

/** `value` as one number, or one per column of the last axis; `undefined` where it is neither. */
function perColumn(value: Value, columns: Node, b: RewriteContext): Value | undefined {
  const { dims } = columns.output()
  if (value.rank > dims.length || value.type !== 'float32') return undefined
  if (value.dims.every((dim) => dim === 1)) return value.rank === 0 ? value : b.reshape(value, [])
  const width = dims.at(-1)
  if (width === undefined || !shapeEquals(value.dims, [...value.dims.slice(1).map(() => 1), width])) return undefined
  return value.rank === 1 ? value : b.reshape(value, [width])
}

/** Cast(sums) * factor */
function scaleSums(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.op !== 'Mul' || node.domain !== '') return undefined
  for (const [cast, factor] of orders(node)) {
    const { producer } = cast
    if (producer?.op !== 'Cast' || producer.domain !== '' || cast.type !== 'float32' || !b.isUsedOnce(cast)) continue
    const product = productOf(producer.input(0), 'int32', b)
    const scale = product && perColumn(factor, product, b)
    if (!product || !scale) continue
    const inputs = [...product.inputs.slice(0, 4), scale]
    const attributes = { ...Object.fromEntries(product.attributes), to: elementTypes.float32.code }
    return [b.op(product.op, inputs, attributes, 'om')]
  }
  return undefined
}

/** floats + bias */
function addToFloats(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.op !== 'Add' || node.domain !== '') return undefined
  for (const [floats, other] of orders(node)) {
    const product = productOf(floats, 'float32', b)
    if (!product || product.inputs[5] || typeof product.output().dims.at(-1) !== 'number') continue
    const bias = perColumn(other, product, b)
    if (bias?.rank !== 1) continue
    const inputs = [...Array.from({ length: 5 }, (_, i) => product.inputs[i]), bias]
    return [b.op(product.op, inputs, Object.fromEntries(product.attributes), 'om')]
  }
  return undefined
}

/** What Relu or Clip limits before it is quantised, where the limits are those of the codes or lie beyond: codes saturate anyway. */
function unlimited({ x, scale: unit, zeroPoint }: Quantisation, type: ElementType, b: RewriteContext): Value {
  const limit = x.producer
  if (limit?.domain !== '' || !(limit.op === 'Relu' || limit.op === 'Clip') || !b.isUsedOnce(x)) return x
  const [scale, zero] = [numberOf(unit), zeroPoint ? numberOf(zeroPoint) : 0]
  const [low, high] = [boundOf(limit, 1, limit.op === 'Relu' ? 0 : -Infinity), boundOf(limit, 2, Infinity)]
  if (scale === undefined || zero === undefined || low === undefined || high === undefined || !(scale > 0)) return x
  const [least, most] = limitsOf(type).map((code) => (Number(code) - zero) * scale) as [number, number]
  return least < low || most > high ? x : limit.input(0)
}

function boundOf(limit: Node, input: number, otherwise: number): number | undefined {
  const bound = limit.inputs[input]
  return bound ? numberOf(bound) : otherwise
}

/** A value that is moved away from 0: value + sign(value) · step. */
export interface Moved {
  readonly value: Value
  readonly step: Value
}

export function movedFromZero(sum: Value, b: RewriteContext): Moved | undefined {
  const add = sum.producer
  if (add?.op !== 'Add' || add.domain !== '' || !b.isUsedOnce(sum)) return undefined
  for (const [value, moved] of orders(add)) {
    const mul = moved.producer
    if (mul?.op !== 'Mul' || mul.domain !== '' || !b.isUsedOnce(moved)) continue
    for (const [sign, step] of orders(mul)) {
      const { producer } = sign
      const isSign = producer?.op === 'Sign' && producer.domain === '' && producer.input(0) === value
      if (isSign && b.isUsedOnce(sign)) return { value, step }
    }
  }
  return undefined
}

/**
 * The step in units of codes, where a product may take it: less than half a unit, as then it matters nothing that the kernel
 * gives 0 a sign, and of scales that are positive, as it takes the signs of sums.
 */
function nudgeOf(step: Value, product: Node, unit: Value, b: RewriteContext): Value | undefined {
  const column = perColumn(step, product, b)
  const nudge = column && b.op('Div', [column, unit])
  const within = (value: Value, test: (one: number) => boolean): boolean => {
    const known = value.constant && numbersOf(value.constant)
    return known !== undefined && Array.prototype.every.call(known, test)
  }
  const isSmall = nudge && within(nudge, (one) => one >= 0 && one < 0.5)
  return isSmall && within(product.input(4), (one) => one > 0) ? nudge : undefined
}

/** Biases beyond are no int32, or not exact. */
const LARGEST_BIAS = 2 ** 30

/** What rounding a bias to units of the sums may move a result by, in codes: one of 64 that lie evenly comes to be another. */
const MOST_MOVED = 1 / 64
/** Of a number that is whole but for two roundings of float32. */
const ROUNDINGS = 2 ** -22

/**
 * A bias of floats as one of the sums, in whole units; `undefined` where it isn't known, none that sums can be added to, or
 * where the rest matters: where a unit is much of a code, or many, quantisers have biases that are no whole units.
 *
 * @param codes of one unit, one for all columns or one for each
 */
function biasInUnits(bias: Value, scale: Value, codes: Value, b: RewriteContext): Value | undefined {
  const exact = b.op('Div', [bias, scale])
  const whole = b.op('Round', [exact])
  const [given, taken] = [exact, whole].map(({ constant }) => constant && numbersOf(constant))
  const each = codes.constant && numbersOf(codes.constant)
  if (!given || !taken) return undefined
  for (let i = 0; i < taken.length; i++) {
    const [one, rest] = [Math.abs(taken[i]!), Math.abs(taken[i]! - given[i]!)]
    const moved = each ? rest * Math.abs(each[each.length === 1 ? 0 : i]!) : Infinity
    if (!(one <= LARGEST_BIAS && (rest <= one * ROUNDINGS || moved <= MOST_MOVED))) return undefined
  }
  return whole
}

/** Quantised floats: sums times scale, plus bias, over the unit of the codes; moved away from 0 before, or not. */
function quantiseFloats(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const quantised = quantisationOf(node)
  if (!quantised || !b.isUsedOnce(quantised.ratio)) return undefined
  const { type } = node.output()
  if (!isByte(type)) return undefined
  const floats = unlimited(quantised, type, b)
  const moved = movedFromZero(floats, b)
  const product = productOf(moved?.value ?? floats, 'float32', b, moved ? 2 : 1)
  const zero = quantised.zeroPoint ? numberOf(quantised.zeroPoint) : 0
  if (!product || zero === undefined || !quantised.scale.dims.every((dim) => dim === 1)) return undefined
  const [scale, bias] = [product.input(4), product.inputs[5]]
  const unit = quantised.scale.rank === 0 ? quantised.scale : b.reshape(quantised.scale, [])
  const codes = b.op('Div', [scale, unit])
  const inUnits = bias && biasInUnits(bias, scale, codes, b)
  if (bias && !inUnits) return undefined
  const nudge = moved && nudgeOf(moved.step, product, unit, b)
  if (moved && !nudge) return undefined
  const twice =
    nudge &&
    roundedTwice(
      scale,
      unit,
      nudge,
      limitsOf(type).map((code) => Number(code) - zero),
      product.input(1).type,
    )
  const inputs = [
    ...Array.from({ length: 4 }, (_, i) => product.inputs[i]),
    twice ? b.constant(twice.scale) : codes,
    inUnits && castTo(b, inUnits, 'int32'),
    zero === 0 ? undefined : b.scalar(zero, type),
    twice ? b.constant(twice.nudge) : nudge,
  ]
  const attributes = { ...Object.fromEntries(product.attributes), to: elementTypes[type].code }
  return [b.op(product.op, inputs, attributes, 'om')]
}
