import { type Dim, product } from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import { type Rules, takes } from '../../graph/rules.ts'
import { literal } from '../../lowering/c-text.ts'
import type { KernelWriter, LoweredOperator } from '../../lowering/lowering.ts'
import { widenNarrowFloats } from '../../lowering/widen.ts'

type Reduction = 'none' | 'sum' | 'mean'

function reductionOf(node: Node): Reduction {
  const reduction = node.string('reduction', 'mean')
  if (reduction === 'none' || reduction === 'sum' || reduction === 'mean') return reduction
  throw node.error(
    'MODEL_ATTRIBUTE',
    `reduction is ${JSON.stringify(reduction)}, but should be "none", "sum" or "mean"`,
  )
}

/** A target per element of a batch and pixel, a weight per class. */
function lossRules(scores: string, target: string, weight: string): Rules {
  return takes(`${scores}:T[n, c, ...s] ${target}:index[n, ...s] ${weight}?:T[c]`, { T: 'float' })
}

/** The loss per target, or one number. */
function inferLoss(node: Node): ValueInfo {
  const [x, target] = [node.input(0), node.input(1)]
  return { type: x.type, shape: reductionOf(node) === 'none' ? target.dims : [] }
}

/**
 * ONNX NegativeLogLikelihoodLoss-12 … 22: -weight[target] * x[n, target, …], with the weight 0 where the target is
 * `ignore_index`. The mean is weighted: the sum divided by the sum of the weights.
 */
const NegativeLogLikelihoodLoss: LoweredOperator = {
  name: 'NegativeLogLikelihoodLoss',
  rules: lossRules('input', 'target', 'weight'),
  infer: (node) => [inferLoss(node)],
  decompose: widenNarrowFloats,
  lower(node, k) {
    const reduction = reductionOf(node)
    const [batch, classes] = node.input(0).dims as [Dim, Dim]
    const pixels = k.count(node.input(0).dims.slice(2))
    const [x, y] = [k.input(0), k.output()]
    k.line('double sum = 0.0, weights = 0.0;')
    // Where there are no pixels the batch may be as large as one likes.
    k.line(`for (int64_t n = 0; n < (${pixels} > 0 ? ${k.dim(batch)} : 0); n++)`)
    k.line(`  for (int64_t p = 0; p < ${pixels}; p++) {`)
    writeTarget(node, k, pixels)
    const weight = node.inputs[2] ? `${k.input(2)}[target]` : '1.0'
    k.line(`    const double weight = ignored ? 0.0 : ${weight};`)
    k.line(`    const double loss = ignored ? 0.0 : -weight * ${x}[(n * ${k.dim(classes)} + target) * ${pixels} + p];`)
    k.line(reduction === 'none' ? `    ${y}[n * ${pixels} + p] = loss;` : '    sum += loss, weights += weight;')
    k.line('  }')
    k.line(
      reduction === 'sum'
        ? `${y}[0] = sum;`
        : reduction === 'mean'
          ? `${y}[0] = sum / weights;`
          : '(void)sum, (void)weights;',
    )
  },
  flops: (node) => product([2, ...node.input(1).dims]),
}

/** C variables `target` and `ignored` of the element at n, p; a target that is no class ends the call. */
function writeTarget(node: Node, k: KernelWriter, pixels: string): void {
  const given = node.int('ignore_index')
  // 2^63 is what 2^63 - 1 is as a number.
  const ignore = given === undefined ? undefined : literal('int64', given >= 2 ** 63 ? 2n ** 63n - 1n : given)
  k.line(`    const int64_t target = (int64_t)${k.input(1)}[n * ${pixels} + p];`)
  k.line(`    const bool ignored = ${ignore === undefined ? 'false' : `target == ${ignore}`};`)
  k.failIf(`!ignored && (target < 0 || target >= ${k.dim(node.input(0).dims[1]!)})`, 'a target is no class')
}

/** ONNX SoftmaxCrossEntropyLoss-12 … 13: the logarithms of the scores' softmax, and their loss. */
const SoftmaxCrossEntropyLoss: LoweredOperator = {
  name: 'SoftmaxCrossEntropyLoss',
  rules: lossRules('scores', 'labels', 'weights'),
  infer: (node) => [inferLoss(node), node.input(0)],
  decompose(node, b): readonly Value[] {
    reductionOf(node)
    const logarithms = b.op('LogSoftmax', [node.input(0)], { axis: 1 })
    const attributes = Object.fromEntries(node.attributes)
    return [b.op('NegativeLogLikelihoodLoss', [logarithms, node.input(1), node.inputs[2]], attributes), logarithms]
  },
}

export const losses: readonly LoweredOperator[] = [NegativeLogLikelihoodLoss, SoftmaxCrossEntropyLoss]
