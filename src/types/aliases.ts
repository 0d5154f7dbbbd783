/**
 * A name pattern for project files, as in the `imports` of package.json or the `paths` of tsconfig.json:
 * at most one `*` on each side. Target paths are relative to the project's root, with `/`.
 */
export interface Alias {
  readonly pattern: string
  /** Tried in order; the first that matches a file gives its name. */
  readonly targets: readonly string[]
}

/** The aliases in the `imports` field of a package.json; conditions are tried in the order they are written. */
export function importsAliases(packageJson: unknown): Alias[] {
  const imports = isRecord(packageJson) ? packageJson['imports'] : undefined
  if (!isRecord(imports)) return []
  return Object.entries(imports).map(([pattern, value]) => ({ pattern, targets: [...targetsOf(value)] }))
}

/**
 * What a package.json's `exports` lets in, longest pattern first; conditions are tried in the order they are written.
 *
 * @returns `undefined` for a package without `exports`, which lets in everything
 */
export function exportsAliases(packageJson: unknown): Alias[] | undefined {
  const exports = isRecord(packageJson) ? packageJson['exports'] : undefined
  if (exports === undefined) return undefined
  if (!isRecord(exports)) return []
  return Object.entries(exports)
    .filter(([pattern]) => pattern.startsWith('./'))
    .map(([pattern, value]) => ({ pattern, targets: [...targetsOf(value)] }))
    .sort((a, b) => b.pattern.length - a.pattern.length)
}

function* targetsOf(value: unknown): Generator<string> {
  // Targets without `./` are other packages in package.json, and not files of this project.
  if (typeof value === 'string') {
    if (value.startsWith('./')) yield value.slice(2)
  } else if (isRecord(value) || Array.isArray(value)) {
    for (const part of Object.values(value)) yield* targetsOf(part)
  }
}

/**
 * The specifiers by which aliases reach the given files, each with its file.
 * Where two files have one specifier, the earlier target wins, as in resolution.
 */
export function aliasSpecifiers(aliases: readonly Alias[], files: readonly string[]): Map<string, string> {
  const specifiers = new Map<string, string>()
  for (const { pattern, targets } of aliases) {
    for (const target of targets) {
      for (const file of files) {
        const star = matchStar(target, file)
        if (star === undefined) continue
        const specifier = pattern.replace('*', () => star)
        if (!specifiers.has(specifier)) specifiers.set(specifier, file)
      }
    }
  }
  return specifiers
}

/** What `*` stands for where `text` matches the pattern; `''` where the pattern has none and equals the text. */
export function matchStar(pattern: string, text: string): string | undefined {
  const star = pattern.indexOf('*')
  if (star < 0) return pattern === text ? '' : undefined
  const prefix = pattern.slice(0, star)
  const suffix = pattern.slice(star + 1)
  if (text.length < prefix.length + suffix.length) return undefined
  return text.startsWith(prefix) && text.endsWith(suffix)
    ? text.slice(prefix.length, text.length - suffix.length)
    : undefined
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
