/** IBM's accelerator, as onnx-mlir names its levels: M14 is Telum (z16), M15 Telum II (z17). */
export type NnpaLevel = 'z16' | 'z17'

export const nnpaLevels: readonly NnpaLevel[] = ['z16', 'z17']

export function isNnpaLevel(target: string): target is NnpaLevel {
  return (nnpaLevels as readonly string[]).includes(target)
}

/** Largest sizes of the dimensions, innermost first. Source: onnx-mlir `NNPAGetMaxForDim`, NNPALimit.cpp. */
const largest: Readonly<Record<NnpaLevel, readonly number[]>> = {
  z16: [32768, 32768, 32768, 32768],
  z17: [2097152, 1048576, 32768, 32768],
}

/** The largest size that dimension `axis` of a tensor may have; 0 for tensors of more than four dimensions. */
export function largestDim(level: NnpaLevel, axis: number, rank: number): number {
  return rank > 4 ? 0 : largest[level][rank - 1 - axis]!
}
