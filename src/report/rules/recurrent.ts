import type { Step } from '../program.ts'
import { type Check, printed, refuseIf, type Rules, silent, valid } from './rule.ts'

/** Inputs in ONNX's order: X, W, R, B, sequence_lens, initial_h, and for LSTM initial_c and P. */
const [W, R, B, LENGTHS, PEEPHOLES] = [1, 2, 3, 4, 7]

const directions: readonly string[] = ['forward', 'reverse', 'bidirectional']

const direction: Check = refuseIf(
  (step) => !directions.includes(step.string('direction', 'forward')),
  'The `direction` must be `forward`, `reverse`, or `bidirectional`.',
)

const weights: Check = refuseIf(
  (step) => !isOneOrTwo(step, W) || typeof step.input(W).dims[1] !== 'number',
  (step) =>
    `The first dimension of weight tensor \`W\` for \`num_directions\` (${printed(step.input(W).dims[0])}) must be 1 or 2, and the second dimension of it for \`hidden_size\` (${printed(step.input(W).dims[1])}) must be static.`,
)

function largestHidden(limit: number): Check {
  return refuseIf(
    (step) => hiddenSize(step) > limit,
    (step) => `The \`hidden_size\` (${hiddenSize(step)}) must be less than or equal to ${limit}.`,
  )
}

const bias: readonly Check[] = [
  refuseIf((step) => step.inputs[B] && !step.inputs[B].staticShape, 'The bias tensor `B` must be static.'),
  refuseIf(
    (step) => step.inputs[B] && !isOneOrTwo(step, B),
    (step) => `The first dimension of the bias tensor \`B\` (${printed(step.input(B).dims[0])}) must be 1 or 2.`,
  ),
]

const activations: readonly Check[] = [
  refuseIf(
    (step) => ['Sigmoid', 'Tanh', 'Tanh'].some((name, i) => (step.strings('activations')?.[i] ?? name) !== name),
    'The `activations` must be the default activations ([Sigmoid, Tanh, Tanh]).',
  ),
  refuseIf((step) => step.has('clip'), 'The `clip` is not supported.'),
  refuseIf(
    (step) => step.has('hidden_size') && step.int('hidden_size') !== hiddenSize(step),
    (step) =>
      `The \`hidden_size\` in attribute (${step.int('hidden_size')}) must be the same as the third dimension of the recurrence weight tensor \`W\` (${hiddenSize(step)}).`,
  ),
]

const scaledActivations = (step: Step): boolean => step.has('activation_alpha') || step.has('activation_beta')

export const recurrent: Rules = {
  LSTM: [
    direction,
    valid(W, R, B),
    weights,
    refuseIf(
      (step) => !step.input(R).staticShape || !isOneOrTwo(step, R),
      'The recurrence weight tensor `R` must have static dimension, and the first dimension of it must be 1 or 2.',
    ),
    largestHidden(8192),
    refuseIf((step) => step.inputs[LENGTHS] !== undefined, silent),
    ...bias,
    refuseIf(
      (step) => step.inputs[PEEPHOLES] !== undefined || scaledActivations(step),
      'The `activation_alpha`, `activation_beta`, and the weight tensor for peepoles are not supported.',
    ),
    ...activations,
    refuseIf(
      (step) => step.int('input_forget', 0) !== 0,
      (step) => `The \`input_forget\` (${step.int('input_forget', 0)}) must be default value(0).`,
    ),
  ],
  GRU: [
    direction,
    valid(W, R, B),
    weights,
    refuseIf((step) => !step.input(R).staticShape, 'The recurrence weight tensor `R` must have static dimension.'),
    largestHidden(10880),
    ...bias,
    refuseIf(scaledActivations, 'The `activation_alpha` and `activation_beta` are not supported.'),
    ...activations,
    refuseIf(
      (step) => step.int('linear_before_reset', 0) !== 1,
      (step) => `The \`linear_before_reset\` (${step.int('linear_before_reset', 0)}) must be 1.`,
    ),
    refuseIf(
      (step) => step.inputs[LENGTHS] !== undefined && step.string('direction') === 'bidirectional',
      'The `sequence_lens` is not supported when `direction` is `bidirectional`.',
    ),
  ],
}

function isOneOrTwo(step: Step, input: number): boolean {
  const [size] = step.input(input).dims
  return size === 1 || size === 2
}

function hiddenSize(step: Step): number {
  return Number(step.input(R).dims[2])
}
