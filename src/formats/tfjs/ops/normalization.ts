import { tensorFrom } from '../../../onnx/tensor.ts'
import type { Builder } from '../builder.ts'
import type { Value } from '../value.ts'

/** (x − mean) / √(variance + ε) · scale + offset, per channel of the last axis. */
export function batchNorm(
  b: Builder,
  x: Value,
  parts: { readonly scale?: Value; readonly offset?: Value; readonly mean: Value; readonly variance: Value },
  epsilon: number,
): Value {
  const channels = b.size(parts.mean, 0)
  const all = (value: number): Value =>
    b.constant(tensorFrom('float32', [channels], new Float32Array(channels).fill(value)))
  const list = [parts.scale ?? all(1), parts.offset ?? all(0), parts.mean, parts.variance]
  if (list.some(({ shape }) => shape?.length !== 1 || shape[0] !== channels))
    b.wrong('has parameters of other shapes than one per channel')
  if ((b.shape(x).at(-1) ?? channels) !== channels)
    b.wrong(`has parameters for ${channels} channels, and is given ${x.shape!.at(-1)}`)
  const name = b.op('BatchNormalization', [b.get(x, 'first'), ...list.map((value) => b.get(value))], { epsilon })
  return b.value(name, x.type, x.shape, b.rank(x) > 2 ? 'first' : 'last')
}
