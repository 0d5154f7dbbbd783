import { expect } from 'vitest'
import { fromRuntime, toRuntime } from '../../../src/conformance/runtime-tensor.ts'
import { pt2 } from '../../../src/formats/pt2/index.ts'
import type { ElementType } from '../../../src/onnx/element-type.ts'
import type { Tensor } from '../../../src/onnx/model.ts'
import { decodeModel } from '../../../src/onnx/read.ts'
import { Reading } from '../../../src/onnx/reading.ts'
import { tensorArray, tensorFrom, tensorNumbers } from '../../../src/onnx/tensor.ts'
import { encodeModel } from '../../../src/onnx/write.ts'
import { onnxruntime } from '../../onnxruntime.ts'
import { close, compileRead } from '../../ops/harness.ts'
import { type Arg, type Meta, type Node, type ProgramParts, pt2Of, Raw, symbol, tensor } from './writer.ts'

/** What an operator of PyTorch gives: values in row-major order, NaN and infinities included. */
export interface Output {
  readonly type: ElementType
  readonly dims: readonly number[]
  readonly values: readonly (number | boolean)[]
}

/** One node, its tensors and what PyTorch computes of them. */
export interface Case {
  readonly target: string
  /** Tensors are inputs of the program unless `weights` names them; lists of tensors are lists of inputs. */
  readonly args: Readonly<Record<string, Arg | Tensor | readonly (Tensor | null)[]>>
  readonly out: readonly Output[]
  readonly isList?: boolean
  /** onnxruntime has no kernel for these types. */
  readonly withoutOrt?: boolean
  readonly tolerance?: number
  /** Sizes of the inputs and outputs are those of the run. */
  readonly dynamic?: boolean
  /** Axes, of all inputs and outputs, of which that is so. */
  readonly open?: readonly number[]
}

export const out = (type: ElementType, dims: readonly number[], values: readonly (number | boolean)[]): Output => ({
  type,
  dims,
  values,
})

/** Converts the bytes of a file to ONNX's. */
export function convert(bytes: Uint8Array): Uint8Array {
  return encodeModel(pt2.convert(bytes, new Reading('m.pt2'), {}))
}

const isTensor = (value: unknown): value is Tensor => typeof value === 'object' && value !== null && 'data' in value

/** All cases side by side in one program. */
function programOfCases(cases: readonly Case[]): {
  parts: ProgramParts
  feeds: Map<string, Tensor>
  outputs: string[][]
} {
  const inputs: Record<string, Meta> = {}
  const values: Record<string, Meta> = {}
  const feeds = new Map<string, Tensor>()
  const nodes: Node[] = []
  const outputs: string[][] = []
  cases.forEach((one, c) => {
    const sizesOf = (dims: readonly number[], name: string) =>
      dims.map((size, axis) => (one.dynamic || one.open?.includes(axis) ? symbol(`${name}_${axis}`) : size))
    const give = (value: Tensor, name: string): Raw => {
      inputs[name] = [value.type, sizesOf(value.dims, `s_${name}`)]
      feeds.set(name, value)
      return tensor(name)
    }
    const args = Object.entries(one.args).map(([key, value]): [string, Arg] => {
      const name = `c${c}_${key}`
      if (isTensor(value)) return [key, give(value, name)]
      if (Array.isArray(value) && value.some(isTensor))
        return [key, value.map((item: unknown, i) => (isTensor(item) ? give(item, `${name}_${i}`) : null))]
      return [key, value as Arg]
    })
    const names = one.out.map((_, i) => `c${c}_out${i}`)
    one.out.forEach(({ type, dims }, i) => {
      values[names[i]!] = [type, sizesOf(dims, `o_${names[i]}`)]
    })
    nodes.push({ target: one.target, args: Object.fromEntries(args), out: names, ...(one.isList && { isList: true }) })
    outputs.push(names)
  })
  return { parts: { inputs, nodes, outputs: outputs.flat(), values }, feeds, outputs }
}

function check(
  cases: readonly Case[],
  outputs: readonly string[][],
  by: string,
  resultOf: (name: string) => Tensor,
): void {
  cases.forEach((one, c) => {
    one.out.forEach((wanted, i) => {
      const given = resultOf(outputs[c]![i]!)
      const what = `${one.target} #${c} output ${i} by ${by}`
      expect([given.type, given.dims], what).toEqual([wanted.type, wanted.dims])
      const tolerance = one.tolerance ?? 1e-5
      const numbers = wanted.values.map(Number)
      if (!close(tensorNumbers(given), numbers, tolerance, tolerance))
        expect(tensorNumbers(given), what).toEqual(numbers)
    })
  })
}

/** Runs the cases in the built-in compiler and in onnxruntime, and holds both against what PyTorch computes. */
export async function expectCases(cases: readonly Case[]): Promise<void> {
  const all = programOfCases(cases)
  const model = await compileRead(decodeModel(convert(pt2Of(all.parts))))
  const results = model.runSync(Object.fromEntries(Array.from(all.feeds, ([name, value]) => [name, toRuntime(value)])))
  check(cases, all.outputs, 'the built-in compiler', (name) => fromRuntime(results[name]!))

  const runtime = onnxruntime()
  if (!runtime) return
  const some = cases.filter(({ withoutOrt }) => !withoutOrt)
  const { parts, feeds, outputs } = programOfCases(some)
  const session = await runtime.InferenceSession.create(convert(pt2Of(parts)), { logSeverityLevel: 3 })
  const given = await session.run(
    Object.fromEntries(
      Array.from(feeds, ([name, value]) => [name, new runtime.Tensor(value.type, tensorArray(value), value.dims)]),
    ),
  )
  check(some, outputs, 'onnxruntime', (name) => {
    const { data, dims, type } = given[name]! as unknown as {
      data: ArrayLike<number>
      dims: number[]
      type: ElementType
    }
    return tensorFrom(type, [...dims], Array.from(data))
  })
}
