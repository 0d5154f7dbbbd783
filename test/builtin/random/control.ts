import type { GraphSource } from '../../../src/onnx/build.ts'
import { tensorFrom } from '../../../src/onnx/tensor.ts'
import { isFloat, type Rule, same } from './rule.ts'

// If and Loop, whose bodies are random graphs too and see the values outside.

export const branches: Rule = (g) => {
  const x = g.find((item) => item.type !== 'bool')
  if (!x || g.isInner) return
  const condition = g.operand('bool', [])
  let exact = true
  const branch = (): GraphSource => {
    const inner = g.inner()
    inner.grow(g.random.int(0, 3))
    const fitting = inner.items.filter((item) => item.type === x.type && item.dims.join() === x.dims.join())
    const result = fitting.at(-1) ?? x
    exact &&= result.exact
    // onnxruntime takes no value from outside as an output.
    return inner.body([], [inner.add('Identity', [result], {}, same(result)).name])
  }
  const [then_branch, else_branch] = [branch(), branch()]
  g.add('If', [condition], { then_branch, else_branch }, same(x, { exact }))
}

export const loop: Rule = (g) => {
  const x = g.find((item) => isFloat(item))
  if (!x || g.isInner) return
  const trips = g.random.int(1, 3)
  const count = tensorFrom('int64', [], [trips])
  const bound = g.random.chance(0.5) ? g.constant(count) : g.inputOf(count)
  const inner = g.inner()
  const [i, go, carried] = [inner.name(), inner.name(), inner.name()]
  const value = inner.keep({ name: carried, type: 'float32', dims: x.dims, exact: false })
  inner.grow(g.random.int(0, 3))
  const fitting = inner.items.filter((item) => item.type === 'float32' && item.dims.join() === x.dims.join())
  const next = inner.add('Tanh', [fitting.at(-1) ?? value], {}, same(value))
  const scanned = inner.random.pick(inner.items.filter(({ type }) => type !== 'bool'))
  const scan = inner.add('Identity', [scanned], {}, same(scanned))
  const going = inner.add(
    'Identity',
    [{ name: go, type: 'bool', dims: [], exact: true }],
    {},
    { type: 'bool', dims: [], exact: true },
  )
  const dims = [trips, ...scan.dims]
  if (!g.fits(dims)) return
  const body = inner.body([i, go, carried], [going.name, next.name, scan.name])
  const typed = {
    ...body,
    inputs: {
      [i]: { kind: 'tensor', type: 'int64', shape: [] },
      [go]: { kind: 'tensor', type: 'bool', shape: [] },
      [carried]: { kind: 'tensor', type: 'float32', shape: undefined },
    },
  } as const
  g.addMany('Loop', [bound, undefined, x], { body: typed }, [
    same(x, { exact: false }),
    { type: scan.type, dims, exact: false },
  ])
}
