import type { KernelShape } from './kernel-shape.ts'

/** Where convolutions that can be computed by Winograd's algorithm are: by the rule `winogradPays`, nowhere, or all of them. */
export type WinogradUse = 'where it pays' | 'never' | 'always'

/**
 * What the compiler decides by rules, and measuring on one machine may decide better (src/compilers/tune). Results stay within
 * rounding, whatever is chosen; what is left out is as its rule says.
 */
export interface Choices {
  /** The register tile. Default: that of the target's vector unit. */
  readonly shape?: KernelShape
  readonly winograd?: WinogradUse
  /** Macros of native/kernels by which blocks are sized: `OM_ROW_TILES`. */
  readonly macros?: Readonly<Record<string, number>>
  /** Flags of the C compiler behind all others. None that changes which machines the code runs on. */
  readonly flags?: readonly string[]
}
