import type { GraphWriter } from './graph-writer.ts'

// Functions of float32 that ONNX has no operator for.

/** atan2 by its quadrants: ONNX has only Atan. */
export function atan2(w: GraphWriter, y: string, x: string): string {
  const number = (value: number): string => w.scalar(value, 'float32')
  const zero = number(0)
  const left = w.where(w.op('Less', [y, zero]), number(-Math.PI), number(Math.PI))
  const up = w.where(w.op('Less', [y, zero]), number(-Math.PI / 2), number(Math.PI / 2))
  const angle = w.op('Atan', [w.op('Div', [y, x])])
  const turned = w.where(w.op('Less', [x, zero]), w.op('Add', [angle, left]), angle)
  const vertical = w.where(w.op('Equal', [y, zero]), zero, up)
  return w.where(w.op('Equal', [x, zero]), vertical, turned)
}

/** exp(x) − 1. Near zero, where that has no digits left, 2t / (1 − t) with t = tanh(x / 2). */
export function expm1(w: GraphWriter, x: string): string {
  const [one, two] = [w.scalar(1, 'float32'), w.scalar(2, 'float32')]
  const t = w.op('Tanh', [w.op('Div', [x, two])])
  const near = w.op('Div', [w.op('Mul', [t, two]), w.op('Sub', [one, t])])
  return w.where(w.op('Less', [w.op('Abs', [x]), one]), near, w.op('Sub', [w.op('Exp', [x]), one]))
}

/** log(1 + x). Near zero, where that has no digits left, 2 · atanh(x / (2 + x)). */
export function log1p(w: GraphWriter, x: string): string {
  const [one, two] = [w.scalar(1, 'float32'), w.scalar(2, 'float32')]
  const near = w.op('Mul', [w.op('Atanh', [w.op('Div', [x, w.op('Add', [x, two])])]), two])
  const isNear = w.op('Less', [w.op('Abs', [x]), w.scalar(0.5, 'float32')])
  return w.where(isNear, near, w.op('Log', [w.op('Add', [x, one])]))
}
