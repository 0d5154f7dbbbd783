import { type Dim, type SymbolicDim, symbolName, symbolsOf } from '../graph/dim.ts'
import { dimToC } from './dim-to-c.ts'

/** The C variables of a run that hold sizes: one for each symbol, and one for each formula that the inputs decide. */
export class SizeVariables {
  private readonly symbols = new Map<string, string>()
  /** Variables that some statement sets. */
  private readonly assigned = new Set<string>()
  /** Symbols whose value is known to be a size where they are used. */
  private readonly bound = new Set<string>()
  /** Symbols of the inputs' dimensions. */
  private inputSymbols: ReadonlySet<string> = new Set()
  /** Formulas over symbols of the inputs, with their definitions: worked out once, behind the inputs. */
  private readonly formulas = new Map<string, { readonly name: string; readonly definition: string }>()

  /** A dimension as C expression. */
  dim(dim: Dim): string {
    return dimToC(
      dim,
      (symbol) => this.variable(symbol),
      (call, text) => this.formula(call, text),
    )
  }

  /** The variable of a dimension that is one symbol, to be set. */
  target(dim: Dim): string {
    const name = symbolName(dim)
    if (name === undefined) throw new TypeError(`not a symbol: ${dim}`)
    const variable = this.variable(name)
    this.assigned.add(variable)
    return variable
  }

  variable(symbol: string): string {
    let name = this.symbols.get(symbol)
    if (name === undefined) {
      name = `d${this.symbols.size}`
      this.symbols.set(symbol, name)
    }
    return name
  }

  /** Whether a symbol is bound for the first time. */
  bind(symbol: string): boolean {
    if (this.bound.has(symbol)) return false
    this.bound.add(symbol)
    return true
  }

  /** From here on, formulas over what is bound by now are worked out once. */
  endInputs(): void {
    this.inputSymbols = new Set(this.bound)
  }

  /** The variables of symbols; a symbol that nothing sets is a fault of the compiler. */
  names(): string[] {
    for (const [symbol, name] of this.symbols)
      if (!this.assigned.has(name)) throw new TypeError(`nothing sets the size ${symbol}`)
    return [...this.symbols.values()]
  }

  formulaDefinitions(): string {
    const formulas = [...this.formulas.values()]
    return formulas
      .map(({ name, definition }) => `  const int64_t ${name} = ${definition};\n  (void)${name};\n`)
      .join('')
  }

  /** Other formulas may have another value each time. */
  private formula(call: SymbolicDim, text: () => string): string {
    if (![...symbolsOf(call)].every((symbol) => this.inputSymbols.has(symbol))) return text()
    const known = this.formulas.get(call.key)
    if (known) return known.name
    const definition = text()
    const name = `e${this.formulas.size}`
    this.formulas.set(call.key, { name, definition })
    return name
  }
}
