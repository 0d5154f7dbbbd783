import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import { type ElementType, elementTypes } from '../../src/onnx/element-type.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { findCc } from '../../src/toolchains/cc.ts'
import { objectFlags } from '../../src/toolchains/flags.ts'
import { node } from '../graph/models.ts'
import { textOf } from '../ops/sessions.ts'
import { makeFolder } from '../scratch.ts'

// Loops over elementwise operators become vectors: what GCC says of each. A call of the C library, a bool that is read as one, or
// a branch keeps a loop from it, which then takes five to ten times as long, and no number that comes of it is another.

const run = promisify(execFile)
const native = join(import.meta.dirname, '../../native')

interface Elementwise {
  readonly ops: readonly string[]
  readonly types: readonly ElementType[]
  readonly arity?: number
  /** Types of the first inputs, where they are others. */
  readonly first?: readonly ElementType[]
}

const functions = 'Exp Log Erf Sin Cos Tan Asin Acos Atan Sinh Cosh Tanh Asinh Acosh Atanh'.split(' ')
const rounding = 'Ceil Floor Round Sqrt Reciprocal Abs Neg Sign IsNaN IsInf'.split(' ')
const activations =
  'Relu Sigmoid Softplus Softsign Elu Selu Celu Mish Gelu LeakyRelu HardSigmoid HardSwish ThresholdedRelu Shrink'.split(
    ' ',
  )
const comparisons = 'Equal Less LessOrEqual Greater GreaterOrEqual'.split(' ')

const elementwise: readonly Elementwise[] = [
  { ops: [...functions, ...rounding, ...activations], types: ['float32', 'float16'] },
  { ops: ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'PRelu'], types: ['float32', 'float16'], arity: 2 },
  { ops: comparisons, types: ['float32', 'int32', 'int64'], arity: 2 },
  { ops: ['Add', 'Sub', 'Mul', 'Max', 'Min'], types: ['int32', 'int64', 'uint8'], arity: 2 },
  { ops: ['Abs', 'Neg', 'Sign'], types: ['int32', 'int64'] },
  { ops: ['And', 'Or', 'Xor', 'Equal'], types: ['bool'], arity: 2 },
  { ops: ['Not'], types: ['bool'] },
  { ops: ['BitwiseAnd', 'BitwiseOr', 'BitwiseXor'], types: ['int32', 'uint8'], arity: 2 },
  { ops: ['Where'], types: ['float32', 'int64', 'uint8', 'float16'], arity: 3, first: ['bool'] },
]

/** AVX2 has no instruction between floats and integers of 64 bits. */
const isCast = (from: ElementType, to: ElementType): boolean =>
  from !== to && !([from, to].includes('int64') && (from.startsWith('float') || to.startsWith('float')))
const casts: readonly (readonly [ElementType, ElementType])[] = (
  ['bool', 'uint8', 'int32', 'int64', 'float16', 'float32'] as const
).flatMap((from, _, types) => types.filter((to) => isCast(from, to)).map((to) => [from, to] as const))

/** All of them, each with an output of its own. */
function model(): ModelSource {
  const inputs: Record<string, ReturnType<typeof tensorType>> = {}
  const nodes: NodeSource[] = []
  const make = (op: string, types: readonly ElementType[], attributes?: NodeSource['attributes']): void => {
    const names = types.map((type, i) => `x${nodes.length}_${i}`)
    names.forEach((name, i) => (inputs[name] = tensorType(types[i]!, [1000])))
    nodes.push({ ...node(op, names, [`y${nodes.length}`], attributes), name: `${op} of ${types.join(', ')}` })
  }
  for (const { ops, types, arity = 1, first = [] } of elementwise)
    for (const op of ops)
      for (const type of types) make(op, [...first, ...Array<ElementType>(arity - first.length).fill(type)])
  for (const [from, to] of casts) make('Cast', [from], { to: BigInt(elementTypes[to].code) })
  return { opsets: { '': 21 }, inputs, outputs: Object.fromEntries(nodes.map((_, i) => [`y${i}`, undefined])), nodes }
}

it.runIf(process.arch === 'x64')('GCC makes vectors of every loop', { timeout: 300_000 }, async () => {
  const cc = await findCc({ env: process.env })
  if (cc.family !== 'gcc') return console.log('skipped: what GCC makes of loops (the C compiler is another)')
  const target = resolveTarget('x86-64-v3')
  const text = textOf(model())
  const path = join(makeFolder(), 'model.c')
  await writeFile(path, text)
  const folders = ['kernels', 'abi'].map((name) => `-I${join(native, name)}`)
  const flags = [...objectFlags(3, target, 0), ...target.flags.gcc[0]!, ...folders, '-fopt-info-vec-optimized']
  const { stderr } = await run(cc.command[0], [...flags, '-c', path, '-o', `${path}.o`], { maxBuffer: 2 ** 26 })
  const found = [...stderr.matchAll(/model\.c:(\d+):\d+: optimized: loop vectorized/g)]
  const vectorised = new Set(found.map(([, line]) => Number(line)))
  const plain: string[] = []
  let kernel = ''
  text.split('\n').forEach((line, i) => {
    kernel = /^OM_KERNEL void (\w+)\(/.exec(line)?.[1] ?? kernel
    if (kernel && /^ *for \(int64_t i0 /.test(line) && !vectorised.has(i + 1)) plain.push(`${kernel}: ${line}`)
  })
  expect(vectorised.size).toBeGreaterThan(100)
  expect(plain).toEqual([])
})
