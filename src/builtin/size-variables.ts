import { type Dim, type SymbolicDim, symbolName, symbolsOf } from '../graph/dim.ts'
import { dimToC } from './dim-to-c.ts'

/** A block of C, and what is known in it beside what the blocks around it know. */
interface Block {
  /** Symbols that keep their value until the block ends. */
  readonly settled: Set<string>
  /** Names of the constants that hold formulas, by the formulas' keys. */
  readonly formulas: Map<string, string>
}

/**
 * The C variables of a run that hold sizes: one for each symbol, and a constant for each formula over symbols that keep
 * their values, defined where it is needed first.
 */
export class SizeVariables {
  private readonly symbols = new Map<string, string>()
  /** Variables that some statement sets. */
  private readonly assigned = new Set<string>()
  /** Symbols whose value is known to be a size where they are used. */
  private readonly bound = new Set<string>()
  /** What the inputs decide, worked out behind them. */
  private readonly inputs: Block = { settled: new Set(), formulas: new Map() }
  private inputDefinitions = ''
  /** Innermost last. */
  private readonly blocks: Block[] = []
  /** Definitions that belong before the statements being written; `undefined` where no place is known to be before them. */
  private pending: string[] | undefined = []
  private formulas = 0

  /** A dimension as C expression. */
  dim(dim: Dim): string {
    return dimToC(
      dim,
      (symbol) => this.variable(symbol),
      (formula, text) => this.formula(formula, text),
    )
  }

  /** The variable of a dimension that is one symbol, to be set. */
  target(dim: Dim): string {
    const name = symbolName(dim)
    if (name === undefined) throw new TypeError(`not a symbol: ${dim}`)
    if (this.isSettled(name)) throw new TypeError(`the size ${name} is set where formulas count on its value`)
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
    for (const symbol of this.bound) this.inputs.settled.add(symbol)
  }

  /** Begins a block, in which these symbols have been set. */
  open(settled: Iterable<string>): void {
    this.blocks.push({ settled: new Set(settled), formulas: new Map() })
    this.pending = []
  }

  /** Ends a block. What comes behind it may stand in another block that the caller wrote: there nothing is defined. */
  close(): void {
    this.blocks.pop()
    this.pending = undefined
  }

  /** Symbols that nothing sets again before the block ends. */
  settle(symbols: Iterable<string>): void {
    const block = this.blocks.at(-1)
    for (const symbol of symbols) if (!this.isSettled(symbol)) block?.settled.add(symbol)
  }

  /** Definitions to be written before the statements since the last call, which stand in the block. */
  takeDefinitions(): readonly string[] {
    const definitions = this.pending ?? []
    this.pending = []
    return definitions
  }

  /** The variables of symbols; a symbol that nothing sets is a fault of the compiler. */
  names(): string[] {
    for (const [symbol, name] of this.symbols)
      if (!this.assigned.has(name)) throw new TypeError(`nothing sets the size ${symbol}`)
    return [...this.symbols.values()]
  }

  formulaDefinitions(): string {
    return this.inputDefinitions
  }

  private isSettled(symbol: string): boolean {
    return this.inputs.settled.has(symbol) || this.blocks.some(({ settled }) => settled.has(symbol))
  }

  /** The constant of a formula; its text where its value may be another each time, or where no constant can be defined. */
  private formula(formula: SymbolicDim, text: () => string): string {
    for (const { formulas } of [this.inputs, ...this.blocks]) {
      const known = formulas.get(formula.key)
      if (known !== undefined) return known
    }
    const symbols = [...symbolsOf(formula)]
    const ofInputs = symbols.every((symbol) => this.inputs.settled.has(symbol))
    const block = ofInputs ? this.inputs : this.blocks.at(-1)
    const isKnown = ofInputs || (this.pending && symbols.every((symbol) => this.isSettled(symbol)))
    if (!block || !isKnown) return text()
    const definition = text()
    const name = `e${this.formulas++}`
    block.formulas.set(formula.key, name)
    const line = `const int64_t ${name} = ${definition};`
    if (ofInputs) this.inputDefinitions += `  ${line}\n`
    else this.pending!.push(line)
    return name
  }
}
