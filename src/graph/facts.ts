import { type Dim, integer, integerOf, isFresh, LARGEST, subtract, substitute, symbol, symbolsOf } from './dim.ts'

/**
 * What the rules of operators say about the symbols of a graph's inputs: `x [n, k]` times a constant `[3, 4]` says that
 * k is 3. A symbol becomes a number or another symbol, so that in the end numbers win over symbols and equal symbols
 * are one. Facts hold in every run that does not end in an error, and are checked where the inputs come in.
 */
export class Facts {
  /** Symbols of the graph's inputs, the only ones that facts are about. */
  private readonly inputs = new Set<string>()
  private readonly known = new Map<string, { readonly dim: Dim; readonly source: string }>()
  private grown = false

  /** Declares a symbol that a dimension of an input has. */
  addInput(name: string): void {
    this.inputs.add(name)
  }

  /** What is known of a symbol. */
  of(name: string): Dim | undefined {
    const dim = this.known.get(name)?.dim
    return dim === undefined ? undefined : this.apply(dim)
  }

  /** Whether something new was learnt since the last call. */
  hasGrown(): boolean {
    const { grown } = this
    this.grown = false
    return grown
  }

  /**
   * Learns that two dimensions are equal in every run.
   *
   * @param source what says so, a clause like `node "fc1" says that n is 3`, for messages
   * @returns what contradicts it, as such clauses; `undefined` where nothing does
   */
  learn(a: Dim, b: Dim, source: string): string[] | undefined {
    const difference = subtract(this.apply(a), this.apply(b))
    if (typeof difference === 'number') return difference === 0 ? undefined : this.sourcesOf(a, b)
    if (integerOf(difference) !== undefined) return this.sourcesOf(a, b)
    const [first, second, ...more] = difference.terms.filter(({ atoms }) => atoms.length > 0)
    const constant = difference.terms.find(({ atoms }) => atoms.length === 0)?.coefficient ?? 0n
    const nameOf = (term: typeof first): string | undefined => {
      const [atom, ...others] = term?.atoms ?? []
      return atom?.kind === 'symbol' && others.length === 0 && this.inputs.has(atom.name) ? atom.name : undefined
    }
    const name = nameOf(first)
    if (more.length > 0 || !first || name === undefined) return undefined
    if (!second) {
      const size = -constant / first.coefficient
      if (size * first.coefficient !== -constant || size < 0n) return this.sourcesOf(a, b)
      // What no dimension can be is told when the model runs.
      if (size <= BigInt(LARGEST)) this.add(name, integer(size), source)
      return undefined
    }
    const other = nameOf(second)
    if (other === undefined || constant !== 0n || first.coefficient !== -second.coefficient) return undefined
    // The name that the model gave is worth more than one that the compiler made.
    if (isFresh(name)) this.add(name, symbol(other), source)
    else this.add(other, symbol(name), source)
    return undefined
  }

  private add(name: string, dim: Dim, source: string): void {
    this.known.set(name, { dim, source })
    this.grown = true
  }

  private apply(dim: Dim): Dim {
    return typeof dim === 'number' || this.known.size === 0 ? dim : substitute(dim, (name) => this.of(name))
  }

  /** Clauses of the facts that two dimensions, or what is known at all, depend on. */
  sourcesOf(...dims: readonly Dim[]): string[] {
    const names = new Set(dims.flatMap((dim) => [...symbolsOf(dim)]))
    return [...this.known].filter(([name]) => names.has(name)).map(([, { source }]) => source)
  }
}
