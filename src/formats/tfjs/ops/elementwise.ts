import type { ElementType } from '../../../onnx/element-type.ts'
import { reshapedTensor } from '../../../onnx/tensor.ts'
import { type Builder, layoutOf } from '../builder.ts'
import { broadcast, type Layout, type Shape, shown, type Value } from '../value.ts'

/**
 * The layout in which an operator that works element by element takes its operands: channels first where that is how the
 * computed ones of them are, so that no Transpose comes between convolutions.
 */
export function layoutFor(values: readonly Value[]): Layout {
  const shapes = values.map(({ shape }) => shape)
  if (shapes.includes(undefined)) return 'last'
  const rank = Math.max(...shapes.map((shape) => shape!.length))
  const computed = values.filter(({ known }) => !known)
  const fits = ({ shape }: Value): boolean => shape!.length === rank || shape!.slice(0, -1).every((size) => size === 1)
  const isFirst = computed.some((value) => value.shape!.length === rank && layoutOf(value) === 'first')
  return isFirst && computed.every(fits) ? 'first' : 'last'
}

/** An operand of a result of `rank` axes. */
function operand(b: Builder, value: Value, layout: Layout, rank: number): string {
  if (layout === 'last' || value.shape!.length === 0) return b.get(value)
  if (value.shape!.length === rank) return b.get(value, 'first')
  if (value.known) {
    const { dims } = value.known
    const filled = [...Array.from({ length: rank - dims.length }, () => 1), ...dims]
    return b.get(b.constant(reshapedTensor(value.known, filled)), 'first')
  }
  return b.writer.reshape(b.get(value), [-1, ...Array.from({ length: rank - 2 }, () => 1)])
}

/** The shape of what operands are broadcast to. */
export function broadcastAll(b: Builder, values: readonly Value[]): Shape | undefined {
  return values.reduce<Shape | undefined>((all, { shape }) => {
    if (!all || !shape) return undefined
    return broadcast(all, shape) ?? b.wrong(`takes tensors of shapes that don't fit: ${values.map((value) => shown(value.shape)).join(' and ')}`) // prettier-ignore
  }, [])
}

/** An operator on values that are broadcast to each other; `write` gives the name of the result of their names. */
export function elementwise(
  b: Builder,
  values: readonly Value[],
  write: (...names: string[]) => string,
  type: ElementType = values[0]!.type,
): Value {
  if (values.length < write.length) b.wrong(`takes ${write.length} tensors, and is given ${values.length}`)
  const shape = broadcastAll(b, values)
  const layout = layoutFor(values)
  const names = values.map((value) => operand(b, value, layout, shape?.length ?? 0))
  return b.value(write(...names), type, shape, layout)
}

/** The ONNX operator of that name on values that are broadcast. */
export function named(b: Builder, op: string, values: readonly Value[], type?: ElementType): Value {
  return elementwise(b, values, (...names) => b.op(op, names), type)
}
