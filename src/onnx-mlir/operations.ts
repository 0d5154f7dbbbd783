/**
 * Operations in MLIR text, by name (`affine.for`, `llvm.mlir.constant`), in the order in which they first appear.
 *
 * Relies on what MLIR's printer does: every operation begins a line, in the generic form `"onnx.Add"(…)` or in the pretty
 * one `arith.addf …`, after its results; a string holds no line break. So nothing behind an operation's name is read:
 * neither strings and attributes that hold names, nor constants of megabytes on one line. What the printer leaves out,
 * such as a terminator without operands, isn't there to be counted.
 * Source: the MLIR language reference, "Operations" and "Identifiers and keywords".
 */
export function countOperations(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  let isResource = false
  for (let start = 0; start < text.length; start = lineEnd(text, start) + 1) {
    // Data of large constants at the end of a file; its keys may look like operations.
    if (isResource || text.startsWith('{-#', start)) {
      isResource = !text.slice(start, lineEnd(text, start)).trimEnd().endsWith('#-}')
      continue
    }
    operation.lastIndex = start
    const [, quoted, bare = ''] = operation.exec(text) ?? []
    const name = quoted ?? (bare.includes('.') ? bare : unqualified.get(bare))
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

/** `affine` of `affine.for`. */
export function dialectOf(operation: string): string {
  return operation.split('.', 1)[0]!
}

/** The ONNX operators, without their domains, that onnx-mlir has no operation for, in the text of its first stage. */
export function listCustomOperators(text: string): readonly string[] {
  return [...new Set([...text.matchAll(custom)].map(([, name = '']) => name))]
}

/** MLIR prints an operation's own attributes, of which this is one, first and in one line. */
const custom = /"onnx\.Custom"\([^)\n]*\) <\{[^\n]*?\bfunction_name = "([^"\\\n]*)"/g

/** The beginning of a line that holds an operation: `%0:2, %b = ` and its name; not `name:` or `name =`, a key. */
const operation =
  /[ \t]*(?:%[\w$.-]+(?::\d+)?(?:, *%[\w$.-]+(?::\d+)?)* *= *)?(?:"([A-Za-z_][\w$.]*)" *\(|([A-Za-z_][\w$.]*)(?![\w$.]|:| *=))/y

/** Operations of the dialects `builtin` and `func`, which are printed without it inside a module and a function. */
const unqualified: ReadonlyMap<string, string> = new Map([
  ['module', 'builtin.module'],
  ['unrealized_conversion_cast', 'builtin.unrealized_conversion_cast'],
  ['call', 'func.call'],
  ['call_indirect', 'func.call_indirect'],
  ['constant', 'func.constant'],
  ['return', 'func.return'],
])

function lineEnd(text: string, start: number): number {
  const end = text.indexOf('\n', start)
  return end < 0 ? text.length : end
}
