/**
 * An operator that a user defines beside a model, as plain data: what `defineOperator` gives, with its C read. It stands
 * for a node as a model-local function does.
 */
export interface UserOperator {
  readonly domain: string
  readonly name: string
  /** The lowest version of the domain that it is for. */
  readonly since: number
  /** Rules as operators of ours declare them: `x:T[n, c] angle?:float32[]`. */
  readonly inputs: string
  /** Type variables: name → element types, `float32|float64`. */
  readonly types: Readonly<Record<string, string>>
  /** Types and shapes of the outputs: `y:T[n, 2 * c]`. */
  readonly outputs: string
  /** In the order in which the kernel gets them. */
  readonly attributes: Readonly<Record<string, UserAttribute>>
  /** Name of the C function. */
  readonly function: string
  /** The C. */
  readonly source: string
  /** What messages call the C; an absolute path where it is a file. */
  readonly file: string
}

/** What an attribute may be. Without a default a node must give it. Bounds hold for each number of a list. */
export type UserAttribute =
  | {
      readonly type: 'int'
      readonly default?: number
      readonly min?: number
      readonly max?: number
    }
  | { readonly type: 'float'; readonly default?: number }
  | { readonly type: 'ints'; readonly default?: readonly number[]; readonly min?: number; readonly max?: number }
  | { readonly type: 'floats'; readonly default?: readonly number[] }
  | { readonly type: 'string'; readonly default?: string; readonly values?: readonly string[] }
