import { kernelMacros, type KernelShape, kernelShapes } from '../lowering/kernel-shape.ts'
import type { Target } from '../targets/index.ts'

/** The register tile for a target's vector unit. */
export function shapeFor({ arch, vectorBytes, isBare }: Target): KernelShape {
  if (vectorBytes === 64) return kernelShapes.avx512
  if (vectorBytes === 32) return kernelShapes.avx2
  if (vectorBytes === 0) return isBare ? kernelShapes.small : kernelShapes.scalar
  return arch === 'arm64' || arch === 's390x' ? kernelShapes.vector128x32 : kernelShapes.vector128
}

/** C that gives the kernels a shape. */
export function shapeDefinitions(shape: KernelShape): string {
  return kernelMacros(shape)
    .map((macro) => `#define ${macro.slice(2).replace('=', ' ')}\n`)
    .join('')
}
