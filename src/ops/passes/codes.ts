import { numberOf } from '../../graph/fold.ts'
import type { Node, Value } from '../../graph/graph.ts'
import { isByte } from '../../onnx/element-type.ts'
import { quantisationOf } from './qdq.ts'

// What passes that compute with codes alone look for: codes of 8 bits whose scale and zero point are known numbers.

/** Codes with one scale and one zero point, all known. */
export interface Codes {
  readonly codes: Value
  readonly scale: number
  readonly zero: number
}

/** The codes that a value, or a constant when compiling, is made of. */
export function dequantised(value: Value | undefined): Codes | undefined {
  const node = value?.madeBy
  if (node?.operator !== 'om.Dequantize' || !isByte(node.input(0).type)) return undefined
  const [scale, zero] = [numberOf(node.input(1)), node.inputs[2] ? numberOf(node.inputs[2]) : 0]
  return scale !== undefined && zero !== undefined && scale > 0 && Number.isFinite(scale)
    ? { codes: node.input(0), scale, zero }
    : undefined
}

/** What is quantised to bytes, by known numbers. */
export function quantised(
  node: Node,
): { readonly x: Value; readonly scale: number; readonly zero: number } | undefined {
  const found = quantisationOf(node)
  if (!found || !isByte(node.output().type)) return undefined
  const [scale, zero] = [numberOf(found.scale), found.zeroPoint ? numberOf(found.zeroPoint) : 0]
  return scale !== undefined && zero !== undefined && scale > 0 ? { x: found.x, scale, zero } : undefined
}

/**
 * What becomes codes by being rounded half away from zero, and the codes that `of` finds that it is made of: how
 * formats/tflite writes what TensorFlow Lite computes with codes as they are.
 */
export function roundedCodes<T extends { readonly x: Value }>(
  node: Node,
  of: (value: Value) => T | undefined,
): (T & { readonly codes: Value }) | undefined {
  if (node.operator !== 'Cast' || !isByte(node.output().type)) return undefined
  const real = roundedAway(node.input(0))
  const made = real && of(real)
  const cast = made?.x.producer
  if (!made || cast?.operator !== 'Cast' || cast.input(0).type !== node.output().type) return undefined
  return { ...made, codes: cast.input(0) }
}

/** x of sign(x) · floor(|x| + 1/2). */
function roundedAway(value: Value): Value | undefined {
  const [sign, floor] = factorsOf(value)
  const add = floor?.producer?.operator === 'Floor' ? floor.producer.input(0).producer : undefined
  const [abs, half] = add?.operator === 'Add' ? [add.input(0), add.input(1)] : []
  const x = sign?.producer?.operator === 'Sign' ? sign.producer.input(0) : undefined
  const isAbs = abs?.producer?.operator === 'Abs' && abs.producer.input(0) === x
  return isAbs && half && numberOf(half) === 0.5 ? x : undefined
}

function factorsOf({ producer }: Value): readonly Value[] {
  return producer?.operator === 'Mul' ? [producer.input(0), producer.input(1)] : []
}
