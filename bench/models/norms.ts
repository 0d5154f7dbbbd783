import type { Trace } from './trace.ts'

/** LayerNorm over the last axis: an operator from opset 17 on, before that in pieces. */
export function layerNorm(t: Trace, name: string, x: string, width: number, epsilon = 1e-5): string {
  return t.within(name, () => {
    const scale = t.weight('weight', [width], { std: 0.1, mean: 1 })
    const bias = t.weight('bias', [width], { std: 0.1 })
    if (t.opset >= 17) return t.op('LayerNormalization', [x, scale, bias], { axis: -1n, epsilon: Math.fround(epsilon) })
    const centered = t.op('Sub', [x, t.op('ReduceMean', [x], { axes: [-1n] })])
    const variance = t.op('ReduceMean', [t.op('Pow', [centered, 2])], { axes: [-1n] })
    const normed = t.op('Div', [centered, t.op('Sqrt', [t.op('Add', [variance, epsilon])])])
    return t.op('Add', [t.op('Mul', [normed, scale]), bias])
  })
}

/** RMSNorm as Llama's code has it: computed in float32, hence the Cast that does nothing. */
export function rmsNorm(t: Trace, name: string, x: string, width: number, epsilon = 1e-6): string {
  return t.within(name, () => {
    const float = t.op('Cast', [x], { to: 1n })
    const square = t.reduce('ReduceMean', t.op('Pow', [float, 2]), [-1])
    const root = t.op('Sqrt', [t.op('Add', [square, epsilon])])
    const normed = t.op('Mul', [float, t.op('Div', [1, root])])
    return t.op('Mul', [t.weight('weight', [width], { std: 0.1, mean: 1 }), normed])
  })
}
