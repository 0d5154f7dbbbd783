import { kernelMacros, type KernelShape, kernelShapes } from '../lowering/kernel-shape.ts'
import type { Choices } from '../lowering/choices.ts'
import type { Target } from '../targets/index.ts'

/** The register tile for a target's vector unit. */
export function shapeFor({ arch, vectorBytes, isBare }: Target): KernelShape {
  if (vectorBytes === 64) return kernelShapes.avx512
  if (vectorBytes === 32) return kernelShapes.avx2
  if (vectorBytes === 0) return isBare ? kernelShapes.small : kernelShapes.scalar
  return arch === 'arm64' || arch === 's390x' || arch === 'riscv64' ? kernelShapes.vector128x32 : kernelShapes.vector128
}

/** C that gives the kernels a shape and sizes, and holds a user's target to what was said of it. */
export function shapeDefinitions(
  shape: KernelShape,
  target: Target,
  sizes: NonNullable<Choices['macros']> = {},
): string {
  const macros = [
    ...kernelMacros(shape).map((macro) => macro.slice(2).replace('=', ' ')),
    ...Object.entries(sizes).map(([name, size]) => `${name} ${size}`),
  ]
  return assertions(target) + macros.map((macro) => `#define ${macro}\n`).join('')
}

/** Weights are laid out for a byte order: with the wrong one, results would be silently wrong. */
function assertions({ own, name, byteOrder, pointerBytes }: Target): string {
  if (!own) return ''
  const order = `__BYTE_ORDER__ == __ORDER_${byteOrder.toUpperCase()}_ENDIAN__`
  return `_Static_assert(${order}, "target ${name} is registered with byteOrder ${byteOrder}, which its compiler's code has not");
_Static_assert(sizeof(void *) == ${pointerBytes}, "target ${name} is registered with pointerBytes ${pointerBytes}, which its compiler's code has not");
`
}
