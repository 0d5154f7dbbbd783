/** An operation of the final ZHigh IR, and the names in its location. */
export interface IrOperation {
  /** e.g. `zhigh.Conv2D`, `onnx.Concat`. */
  readonly op: string
  readonly names: readonly string[]
}

/**
 * Reads IR text as `--EmitZHighIR --preserveLocations` writes it: an operation per line that ends with `loc(…)`, and
 * the locations themselves at the end. Constants and placeholders are left out.
 */
export function parseFinalIr(text: string): IrOperation[] {
  const aliases = new Map<string, string>()
  for (const [, alias, location] of text.matchAll(/^(#loc\d*) = loc\((.*)\)$/gm)) aliases.set(alias!, location!)
  const resolved = new Map<string, readonly string[]>()
  const namesIn = (location: string): readonly string[] => {
    const known = resolved.get(location)
    if (known) return known
    // Set before it is complete: a location that refers to itself must not go round for ever.
    resolved.set(location, [])
    const parts = location.match(/"(?:[^"\\]|\\.)*"|#loc\d*/g) ?? []
    const names = parts.flatMap((part) => (part.startsWith('"') ? unquoted(part) : namesIn(aliases.get(part) ?? '')))
    resolved.set(location, [...new Set(names)])
    return resolved.get(location)!
  }
  const operations: IrOperation[] = []
  // Of an operation with regions the location stands behind the last one.
  const open: string[] = []
  for (const line of text.split('\n')) {
    const opened = /= "?(onnx\.\w+)"?.*\(\{$/.exec(line)?.[1]
    if (opened !== undefined) open.push(opened)
    const closed = /^\s*\}\).* loc\((.*)\)$/.exec(line)
    const [, op, location] = closed
      ? ['', open.pop(), closed[1]]
      : (/= "?((?:onnx|zhigh)\.\w+)"?.* loc\((.*)\)$/.exec(line) ?? [])
    if (op === undefined || location === undefined || placeholders.has(op)) continue
    const own = /\bonnx_node_name = "((?:[^"\\]|\\.)*)"/.exec(line)?.[1]
    const names = namesIn(location)
    operations.push({ op, names: names.length > 0 || own === undefined ? names : unquoted(`"${own}"`) })
  }
  return operations
}

const placeholders: ReadonlySet<string> = new Set(['onnx.Constant', 'onnx.NoValue'])

/** MLIR writes bytes that it doesn't print as `\` and two hex digits. */
function unquoted(literal: string): string[] {
  const bytes: Buffer[] = []
  for (const [, code, escaped, plain] of literal.slice(1, -1).matchAll(/\\([0-9A-F]{2})|\\(.)|([^\\]+)/gi)) {
    bytes.push(code ? Buffer.from(code, 'hex') : Buffer.from(escaped ?? plain ?? ''))
  }
  return [Buffer.concat(bytes).toString('utf8')]
}

/** Whether an operation is work of the accelerator, and not the conversion of data to or from its format. */
export function isAccelerated({ op }: IrOperation): boolean {
  return op.startsWith('zhigh.') && !/Stick|Unstick|ToDLF16|DLF16To|LayoutTransform|^zhigh\.FixGRU/.test(op)
}
