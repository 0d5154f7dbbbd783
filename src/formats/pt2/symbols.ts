/**
 * What an expression of sizes says, as far as a model's input needs it: `factor` times a symbol. torch writes sympy's
 * `srepr`, e.g. `Mul(Integer(32), Symbol('s77', positive=True, integer=True))`. Sizes inside the graph need none of this:
 * they are nodes (`aten.sym_size.int`).
 *
 * @returns `undefined` for any other expression
 */
export function multipleOf(expression: string): { readonly symbol: string; readonly factor: number } | undefined {
  const name = String.raw`Symbol\('(\w+)'(?:, \w+=(?:True|False))*\)`
  const plain = new RegExp(`^(?:${name}|([A-Za-z]\\w*))$`).exec(expression)
  if (plain) return { symbol: (plain[1] ?? plain[2])!, factor: 1 }
  const multiple = new RegExp(`^Mul\\(Integer\\((\\d{1,9})\\), ${name}\\)$`).exec(expression)
  const factor = Number(multiple?.[1])
  return multiple && factor > 0 ? { symbol: multiple[2]!, factor } : undefined
}

/** An integer of an expression, where it is one. */
export function integerOf(expression: string): number | undefined {
  const match = /^(?:Integer\((\d{1,15})\)|(\d{1,15}))$/.exec(expression)
  return match ? Number(match[1] ?? match[2]) : undefined
}

/** An input's axis whose size is an expression. */
export interface DynamicAxis {
  readonly input: string
  readonly axis: number
  readonly expression: string
}

/**
 * Names for the sizes that only the run knows, by expression: torch.export loses those that `Dim("batch")` gave. What is axis 0
 * of every input that has such sizes is `batch`, anything else INPUT_AXIS after the first input that has it.
 */
export function nameSizes(axes: readonly DynamicAxis[]): ReadonlyMap<string, string> {
  const inputs = new Set(axes.map(({ input }) => input))
  const names = new Map<string, string>()
  for (const { input, axis, expression } of axes) {
    if (names.has(expression)) continue
    const first = axes.filter((one) => one.expression === expression && one.axis === 0)
    const isBatch = axis === 0 && first.length === inputs.size
    names.set(expression, isBatch ? 'batch' : `${input}_${axis}`)
  }
  return names
}
