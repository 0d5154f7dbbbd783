import { axisOf, type Convert, type Operators } from '../call.ts'
import { windows } from './windows.ts'

/** Elements stay in their order. */
const reshaped: Convert = (call) =>
  call.w.op('Reshape', [call.tensor('src').name, call.w.sizes(call.tensor('self').name)], { allowzero: 1n })

const permuted: Convert = (call) => {
  const perm = call.ints('dims').map((axis, _, all) => axisOf(axis, all.length))
  return call.w.transpose(
    call.tensor('src').name,
    perm.map((_, axis) => perm.indexOf(axis)),
  )
}

const turned: Convert = (call) => {
  const { sizes } = call.tensor('self')
  const axes = sizes.map((_, axis) => axis)
  return call.w.transpose(call.tensor('src').name, [...axes.slice(0, -2), ...axes.slice(-2).reverse()])
}

const transposed: Convert = (call) => {
  const { sizes } = call.tensor('self')
  if (sizes.length === 0) return call.tensor('src').name
  const [a, b] = [call.axis('dim0', sizes.length), call.axis('dim1', sizes.length)]
  return call.w.transpose(
    call.tensor('src').name,
    sizes.map((_, axis) => (axis === a ? b : axis === b ? a : axis)),
  )
}

/**
 * By operators that always give a view of `self`: what `self` becomes where the view becomes `src`. Those that copy in some
 * layouts (`reshape`, `contiguous`) and those whose elements lie on one another (`expand`) have no entry.
 */
export const writes: Operators = {
  'aten.slice.Tensor': windows['aten.slice_scatter.default']!,
  'aten.select.int': windows['aten.select_scatter.default']!,
  'aten.view.default': reshaped,
  'aten.unsqueeze.default': reshaped,
  'aten.squeeze.default': reshaped,
  'aten.squeeze.dim': reshaped,
  'aten.squeeze.dims': reshaped,
  'aten.permute.default': permuted,
  'aten.transpose.int': transposed,
  'aten.t.default': turned,
  'aten.mT.default': turned,
}
