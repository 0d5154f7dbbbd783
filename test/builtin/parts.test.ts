import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { builtinSource, compileBuiltin, type BuiltinResult, compileSource } from '../../src/builtin/index.ts'
import { nativeSharing } from '../../src/builtin/shared-kernel.ts'
import { modelBytes, type ModelSource } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { findCc } from '../../src/toolchains/find.ts'
import { node } from '../graph/models.ts'
import { abiFolder, testAddon } from '../native/libraries.ts'
import { openNative } from '../runtime/native-session.ts'
import { bytesOf, expectNear, expectSame, float, inputOf, weight } from '../runtime/shared-cases.ts'
import { makeFolder } from '../scratch.ts'

// A model of many kernels is compiled as two files: the same numbers as from one, the same names shown to others, and threads
// in the kernels of both.

const LAYERS = 44
const ROWS = 64
const width = (layer: number): number => 96 + layer

/** Layers of different widths, each a kernel of its own. */
const source: ModelSource = {
  opsets: { '': 21 },
  inputs: { x0: float(ROWS, width(0)) },
  outputs: { [`x${LAYERS}`]: float(ROWS, width(LAYERS)) },
  initializers: Object.fromEntries(
    Array.from({ length: LAYERS }, (_, i) => [`w${i}`, weight([width(i), width(i + 1)])]),
  ),
  nodes: Array.from({ length: LAYERS }, (_, i) => [
    node('MatMul', [`x${i}`, `w${i}`], [`sum${i}`]),
    node(i % 2 ? 'Relu' : 'Tanh', [`sum${i}`], [`x${i + 1}`]),
  ]).flat(),
}
const model = decodeModel(modelBytes(source), { path: 'layers.onnx' })
const folder = makeFolder()
const options = {
  target: resolveTarget('host'),
  optimize: 3,
  stagingRoot: folder,
  identity: 'test',
  sharing: nativeSharing,
} as const

let parted: BuiltinResult
let whole: BuiltinResult

beforeAll(async () => {
  parted = await compileBuiltin(model, options)
  whole = await compileSource(model, builtinSource(model, options), options)
})

/** Names of the kernels that a C file defines. */
function kernelsOf(text: string): string[] {
  return Array.from(text.matchAll(/^OM_KERNEL \w+ (\w+)\([^;]*\{$/gm), ([, name]) => name!).toSorted()
}

it('each kernel is in one of two files, of about the same length', () => {
  const { text, units = [] } = builtinSource(model, { ...options, isParted: true })
  const files = [text, ...units.map((unit) => unit.source)].map(kernelsOf)
  expect(files).toHaveLength(2)
  expect(files.flat().toSorted()).toEqual(kernelsOf(builtinSource(model, options).text))
  for (const file of files) expect(file.length).toBeGreaterThan(LAYERS / 4)
})

it('a model of few kernels is one file', () => {
  const few = { ...source, outputs: { x9: float(ROWS, width(9)) }, nodes: source.nodes.slice(0, 18) }
  const { units } = builtinSource(decodeModel(modelBytes(few), { path: 'few.onnx' }), { ...options, isParted: true })
  expect(units).toBeUndefined()
})

it('they give what one file gives, on one thread and on several', async () => {
  const addon = await testAddon()
  const inputs = [inputOf([ROWS, width(0)])]
  const expected = bytesOf(openNative(whole, 1, addon), inputs)
  for (const threads of [1, 2, 4]) expectSame(bytesOf(openNative(parted, threads, addon), inputs), expected)
  await expectNear(source, inputs, expected)
})

it('threads are asked for in every kernel', async () => {
  const { command } = await findCc()
  const program = join(folder, 'pool')
  const file = join(import.meta.dirname, 'pool.c')
  execFileSync(command[0], [...command.slice(1), '-std=gnu11', `-I${abiFolder}`, file, '-o', program, '-ldl'])
  const asked = (library: string): string => execFileSync(program, [library], { encoding: 'utf8' })
  expect(asked(parted.library)).toBe(`0 ${LAYERS} ${LAYERS}\n`)
  expect(asked(whole.library)).toBe(`0 ${LAYERS} ${LAYERS}\n`)
})

it('others see of the library what they see of one file’s', ({ skip }) => {
  if (process.platform !== 'linux') skip('nm -D is for ELF')
  const shown = ({ library }: BuiltinResult): string[] =>
    execFileSync('nm', ['-D', '--defined-only', '--format=just-symbols', library], { encoding: 'utf8' })
      .split('\n')
      .toSorted()
  expect(shown(parted)).toEqual(shown(whole))
})
