import type { Converter, Handler } from '../converter.ts'

/** Complex numbers are pairs of reals here: ONNX's DFT gives them in a last axis. */
const rfft2d: Handler = (c, { inputs: [x = -1, length = -1], outputs: [output = -1] }) => {
  const [rows, points] = c.known(length, 'a length')
  if (rows !== 1 && c.size(x, c.rank(x) - 2) !== 1) c.fail('has an RFFT2D over more than one row')
  const padded = resized(c, x, points!)
  const apart = c.op('Unsqueeze', [padded, c.writer.ints([-1])])
  const axis = c.writer.scalar(c.rank(x) - 1, 'int64')
  c.set(output, c.op('DFT', [apart, c.writer.scalar(points!, 'int64'), axis], { onesided: 1n }))
}

/** The last axis cut to `points`; DFT itself fills it up with zeros. */
function resized(c: Converter, x: number, points: number): string {
  const size = c.size(x, c.rank(x) - 1) ?? c.fail('has an RFFT2D of a size that only a run knows')
  if (size <= points) return c.real(x)
  return c.op('Slice', [c.real(x), c.writer.ints([0]), c.writer.ints([points]), c.writer.ints([-1])])
}

function part(index: number): Handler {
  return (c, { inputs: [x = -1], outputs: [output = -1] }) => {
    c.set(output, c.op('Gather', [c.get(x), c.writer.scalar(index, 'int64')], { axis: -1n }))
  }
}

export const signal: Readonly<Record<string, Handler>> = {
  RFFT2D: rfft2d,
  REAL: part(0),
  IMAG: part(1),
  COMPLEX_ABS: (c, { inputs: [x = -1], outputs: [output = -1] }) => {
    c.set(output, c.op('ReduceL2', [c.get(x), c.writer.ints([-1])], { keepdims: 0n }))
  },
}
