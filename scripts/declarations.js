// Declarations in dist/ that no exported one refers to are of no use to anybody who installs the package: two of three.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** Removes them. */
export function removeInternalDeclarations(root) {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const shown = new Set()
  const open = Object.values(exports).flatMap(({ types }) => (types ? [join(root, types)] : []))
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (shown.has(file) || !existsSync(file)) continue
    shown.add(file)
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/['"](\.\.?\/[^'"]+)\.[jt]s['"]/g))
      open.push(resolve(dirname(file), `${path}.d.ts`))
  }
  for (const name of readdirSync(join(root, 'dist'), { recursive: true })) {
    const file = join(root, 'dist', name)
    if (name.endsWith('.d.ts') && !shown.has(file)) rmSync(file)
  }
}
