import { indices } from './indices.ts'

// Windows of convolutions and pools, as ONNX writes them down, for expected values.

export interface Window {
  readonly kernel: readonly number[]
  readonly strides?: readonly number[]
  readonly dilations?: readonly number[]
  /** Before each axis, then behind each. */
  readonly pads?: readonly number[]
  readonly ceil?: boolean
}

/** The output's sizes, and for each of its places the places of the input under the window; undefined: one in the padding. */
export function windowsOf(
  size: readonly number[],
  window: Window,
): { sizes: number[]; at: (place: readonly number[]) => (number[] | undefined)[] } {
  const { kernel, ceil = false } = window
  const ones = size.map(() => 1)
  const { strides = ones, dilations = ones, pads = [...ones, ...ones].map(() => 0) } = window
  const sizes = size.map((n, axis) => {
    const room = n + pads[axis]! + pads[size.length + axis]! - ((kernel[axis]! - 1) * dilations[axis]! + 1)
    const count = (ceil ? Math.ceil : Math.floor)(room / strides[axis]!) + 1
    return ceil && (count - 1) * strides[axis]! >= n + pads[axis]! ? count - 1 : count
  })
  const at = (place: readonly number[]): (number[] | undefined)[] =>
    indices(kernel).map((tap) => {
      const inside = place.map((p, axis) => p * strides[axis]! - pads[axis]! + tap[axis]! * dilations[axis]!)
      return inside.every((p, axis) => p >= 0 && p < size[axis]!) ? inside : undefined
    })
  return { sizes, at }
}

/** The attributes of a node with such a window. */
export function attributesOf({ strides, dilations, pads, kernel, ceil }: Window): Record<string, bigint[] | bigint> {
  const big = (list: readonly number[]): bigint[] => list.map(BigInt)
  return {
    kernel_shape: big(kernel),
    ...(strides && { strides: big(strides) }),
    ...(dilations && { dilations: big(dilations) }),
    ...(pads && { pads: big(pads) }),
    ...(ceil && { ceil_mode: 1n }),
  }
}
