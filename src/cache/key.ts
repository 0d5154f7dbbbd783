import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { UserOperator } from '../onnx/user-operator.ts'

/** All that decides what a compiler makes. */
export interface KeyParts {
  /** sha256 of the model file. */
  readonly model: string
  /** sha256 of each external data file, in the order in which the model names them. */
  readonly externalData: readonly string[]
  /** Canonical; see `canonicalQuery`. */
  readonly directives: string
  /** Canonical target name. */
  readonly target: string
  /** Name, version and build of the compiler and of the tools behind it. */
  readonly compiler: string
  /** OM_BUILTIN_ABI, or 0 for libraries that have only onnx-mlir's. */
  readonly abi: number
  /** What the processor is called, where what is made depends on the machine that makes it. */
  readonly machine?: string | undefined
  /** What the user defines beside the model. */
  readonly operators: readonly UserOperator[]
  /** sha256 of the ONNX that Python made of the model, where it did. */
  readonly byPython?: string | undefined
}

/** The key of an artifact in the store: sha256, hex. */
export function artifactKey(of: KeyParts): string {
  const { model, externalData, directives, target, compiler, abi, operators, machine, byPython } = of
  // JSON, so that no two lists of parts run together into one text.
  const what = [model, externalData, byPython, directives, operators]
  const parts = ['artifact', ownVersion(), what, target, compiler, abi, machine]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

/**
 * The version of this package for cache keys. In a checkout the compiler changes without its version, so there the stat of
 * every file of it is part of the answer.
 */
export function ownVersion(): string {
  version ??= readOwnVersion()
  return version
}
let version: string | undefined

function readOwnVersion(): string {
  const code = dirname(dirname(fileURLToPath(import.meta.url))) // `src` or `dist`
  const root = dirname(code)
  const manifest: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  if (root.split(sep).includes('node_modules')) return manifest.version
  const hash = createHash('sha256')
  for (const folder of [code, join(root, 'native')]) {
    for (const path of filesBelow(folder).sort()) {
      const { size, mtimeMs } = statSync(path)
      hash.update(`${path}\0${size}\0${mtimeMs}\0`)
    }
  }
  return `${manifest.version}-${hash.digest('hex').slice(0, 16)}`
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
