import type { Converter } from './converter.ts'
import { type ElementType, elementTypes } from '../../onnx/element-type.ts'

/** `ActivationFunctionType` by number. */
const activations = ['NONE', 'RELU', 'RELU_N1_TO_1', 'RELU6', 'TANH', 'SIGN_BIT'] as const

/** What an activation lets through, where that is a range. */
const ranges: Partial<Record<(typeof activations)[number], readonly [number, number]>> = {
  RELU: [0, Infinity],
  RELU_N1_TO_1: [-1, 1],
  RELU6: [0, 6],
}

/**
 * The activation that an operator has built in, of a float value that becomes tensor `output`. Where the output's codes can't
 * say anything outside of its range, quantising does it: codes saturate.
 */
export function activated(c: Converter, value: string, activation: number, output: number): string {
  const name = activations[activation] ?? c.fail(`has activation ${activation}`)
  const range = ranges[name]
  // Activations of integers that aren't codes are ranges in their own type.
  const type = c.quantization(output) || c.type(output) === 'float16' ? 'float32' : c.type(output)
  if (range) return saturates(c, output, range) ? value : clipped(c, value, range, type)
  if (name === 'TANH') return c.op('Tanh', [value])
  // The sign bit as a number, in reference_ops: 1 below zero.
  if (name === 'SIGN_BIT') return c.cast(c.op('Less', [value, c.writer.scalar(0, 'float32')]), 'float32')
  return value
}

/** @param range from `Infinity` on, nothing is cut */
export function clipped(
  c: Converter,
  value: string,
  [least, most]: readonly [number, number],
  type: ElementType = 'float32',
): string {
  if (least === 0 && most === Infinity) return c.op('Relu', [value])
  return c.op('Clip', [value, c.writer.scalar(least, type), c.writer.scalar(most, type)])
}

function saturates(c: Converter, tensor: number, [least, most]: readonly [number, number]): boolean {
  const quantization = c.quantization(tensor)
  if (!quantization || quantization.scale.length !== 1) return false
  const type = c.type(tensor)
  const { bits } = elementTypes[type]
  const lowest = type.startsWith('u') ? 0 : -(2 ** (bits - 1))
  const scale = quantization.scale[0]!
  const zero = quantization.zeroPoint[0]!
  const real = (code: number): number => scale * (code - zero)
  // Half a step beyond the end rounds to the last code.
  return real(lowest) >= least - scale / 2 && real(lowest + 2 ** bits - 1) <= most + scale / 2
}
