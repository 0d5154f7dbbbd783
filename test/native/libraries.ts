import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildAddon } from '../../src/builtin/addon.ts'
import { findCc } from '../../src/toolchains/find.ts'
import type { ElementType, ModelFacts, Signature, SignatureEntry } from '../../src/runtime/index.ts'
import { storage } from '../../src/runtime/storage.ts'
import type { TensorEntry } from '../../src/runtime/signature.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
export const abiFolder = fileURLToPath(new URL('../../native/abi/', import.meta.url))

/** The addon, compiled once for all test files: others run the prebuilt one. */
export function testAddon(): Promise<string> {
  const outDir = fileURLToPath(new URL('../../node_modules/.cache/unplugin-onnx-mlir-addon/', import.meta.url))
  mkdirSync(outDir, { recursive: true })
  return buildAddon({ outDir, cxx: process.env['CXX'] ?? 'c++' })
}

/** Compiles a file of test/native/models to a library in `folder`. */
export async function compileModel(
  folder: string,
  model: string,
  defines: Readonly<Record<string, string | number>> = {},
  name = `${model}.so`,
): Promise<string> {
  const { command } = await findCc()
  const library = join(folder, name)
  const source = join(here, 'models', `${model}.c`)
  const flags = ['-std=c11', '-O1', '-Wall', '-Wextra', '-Werror', '-shared', '-fPIC', '-fvisibility=hidden']
  const options = Object.entries(defines).map(([key, value]) => `-D${key}=${value}`)
  const args = [...command.slice(1), ...flags, ...options, `-I${abiFolder}`, source, '-o', library]
  execFileSync(command[0], args, { stdio: ['ignore', 'inherit', 'inherit'] })
  return library
}

const float = (name: string, shape: TensorEntry['shape']): SignatureEntry => ({ name, type: 'float32', shape })

/** Every type that the echo model takes: `t1` is float32, `t2` uint8, … */
export const echoTypes = (Object.keys(storage) as ElementType[]).filter((type) => type !== 'string')
const echoed: readonly SignatureEntry[] = [
  ...echoTypes.map((type): SignatureEntry => ({ name: `t${storage[type].code}`, type, shape: [2, 2] })),
  float('large', [100_000]),
]

/** What the libraries of test/native/models take and give. */
export const signatures = {
  affine: { inputs: [float('x', [3, 20])], outputs: [float('y', [3, 20])] },
  rows: {
    inputs: [float('x', ['batch', 3]), float('weight', ['batch'])],
    outputs: [float('sums', ['batch']), float('doubled', ['batch', 3])],
  },
  words: {
    inputs: [{ name: 'words', type: 'string', shape: ['n'] }],
    outputs: [
      { name: 'shouted', type: 'string', shape: ['n'] },
      { name: 'pair', type: 'string', shape: [2] },
    ],
  },
  spin: {
    inputs: [
      { name: 'milliseconds', type: 'int64', shape: [] },
      { name: 'seed', type: 'int64', shape: [] },
    ],
    outputs: [{ name: 'seed', type: 'int64', shape: [] }],
  },
  echo: { inputs: echoed, outputs: echoed },
  plain: {
    inputs: [float('x', [null])],
    outputs: [float('alias', [null]), float('constant', [2]), float('owned', [null])],
  },
} satisfies Record<string, Signature>

export function factsOf(name: keyof typeof signatures): ModelFacts {
  return {
    name: `${name}.onnx`,
    signature: signatures[name],
    target: 'host',
    compiler: { name: 'builtin', version: 'test' },
  }
}
