/**
 * A dimension that an earlier input of the same call states: TypeScript infers `D` from here only where that input left
 * it open (a bare typed array), and otherwise checks that both agree.
 *
 * The intersection gives this place a lower inference priority than a plain `D` has; without it, two inputs of batch 2
 * and 4 would make `D` the union `2 | 4` and pass.
 */
// oxlint-disable-next-line typescript/no-wrapper-object-types -- the wrapper is what lowers the priority
export type SharedDim<D extends number> = D & Number
