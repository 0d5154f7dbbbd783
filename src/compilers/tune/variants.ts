import type { Choices } from '../../lowering/choices.ts'
import type { KernelShape } from '../../lowering/kernel-shape.ts'
import type { Arch, Target } from '../../targets/index.ts'

/** Something that the compiler may do otherwise than its rules say. */
export interface Variant {
  /** Of variants that decide the same thing, the last that was better counts. */
  readonly decides: 'tile' | 'winograd' | 'rows'
  readonly name: string
  readonly changes: Choices
  /** Whether it can make a difference to C that the rules' choices made. */
  suits(target: Target, c: string): boolean
}

const products = /\bom_(?:gemm|matmul|conv2d|conv2d_winograd|conv2d_by_size)_f32\(/

/**
 * All that is tried, the most promising first. Not in it, since they gave nothing on any model that was measured: vectors of 32
 * bytes for AVX-512, other pixels at once in depthwise convolutions, 2 or 8 tiles of rows, and of the C compiler its level 2,
 * unrolling, and tuning for the machine at hand. Nor layouts: what is not channels last takes the plain loop of nd.h.
 */
export const variants: readonly Variant[] = [
  tile('x86-64', { vectorBytes: 64, tileRows: 14, tileVectors: 2 }),
  tile('x86-64', { vectorBytes: 64, tileRows: 8, tileVectors: 3 }),
  tile('x86-64', { vectorBytes: 32, tileRows: 4, tileVectors: 3 }),
  tile('arm64', { vectorBytes: 16, tileRows: 6, tileVectors: 4 }),
  tile('s390x', { vectorBytes: 16, tileRows: 6, tileVectors: 4 }),
  {
    decides: 'winograd',
    name: 'no Winograd',
    changes: { winograd: 'never' },
    suits: (_, c) => /\bom_conv2d_(?:winograd|by_size)_f32\(/.test(c),
  },
  {
    decides: 'winograd',
    name: 'Winograd for all sizes',
    changes: { winograd: 'always' },
    suits: (_, c) => /\bom_conv2d_(?:by_size_)?f32\(/.test(c),
  },
  {
    decides: 'rows',
    name: '16 tiles of rows at a time',
    changes: { macros: { OM_ROW_TILES: 16 } },
    suits: (_, c) => products.test(c),
  },
]

/** Another register tile, for vectors of the same size: so many rows, an even number, and vectors in each. */
function tile(arch: Arch, shape: KernelShape): Variant {
  const { vectorBytes, tileRows, tileVectors } = shape
  return {
    decides: 'tile',
    name: `tiles of ${tileRows} × ${tileVectors} vectors`,
    changes: { shape },
    suits: (target, c) => target.arch === arch && target.vectorBytes === vectorBytes && products.test(c),
  }
}
