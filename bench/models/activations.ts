import type { Trace } from './trace.ts'

/** GELU by the error function: an operator from opset 20 on, before that in pieces. */
export function gelu(t: Trace, x: string): string {
  if (t.opset >= 20) return t.op('Gelu', [x], { approximate: 'none' })
  const error = t.op('Erf', [t.op('Div', [x, Math.SQRT2])])
  return t.op('Mul', [t.op('Mul', [x, t.op('Add', [error, 1])]), 0.5])
}

/** GELU by tanh as GPT-2's code has it (`gelu_new`). */
export function geluNew(t: Trace, x: string): string {
  const half = t.op('Mul', [x, 0.5])
  const cube = t.op('Mul', [t.op('Pow', [x, 3]), 0.044715])
  const bent = t.op('Tanh', [t.op('Mul', [t.op('Add', [x, cube]), Math.sqrt(2 / Math.PI)])])
  return t.op('Mul', [half, t.op('Add', [bent, 1])])
}

/** `x * sigmoid(x)`. */
export function silu(t: Trace, x: string): string {
  return t.op('Mul', [x, t.op('Sigmoid', [x])])
}

export function relu6(t: Trace, x: string): string {
  return t.op('Clip', [x, 0, 6])
}

/** An operator from opset 14 on. */
export function hardSwish(t: Trace, x: string): string {
  return t.op('HardSwish', [x])
}

/** `x * clip(x + 3, 0, 6) / 6`, as code that was written before there was an operator has it. */
export function hardSwishInPieces(t: Trace, x: string): string {
  return t.op('Div', [t.op('Mul', [x, relu6(t, t.op('Add', [x, 3]))]), 6])
}

/** `clip(x + 3, 0, 6) / 6` */
export function hardSigmoidInPieces(t: Trace, x: string): string {
  return t.op('Div', [relu6(t, t.op('Add', [x, 3])), 6])
}

export function hardSigmoid(t: Trace, x: string): string {
  return t.op('HardSigmoid', [x], { alpha: Math.fround(1 / 6) })
}
