import { refuseIf, type Rules, valid } from './rule.ts'

/** Softmax over the last dimension. More than three dimensions were laid flat before, where that axis is the last. */
export const softmax: Rules = {
  Softmax: [
    valid(0),
    refuseIf(({ inputs: [x] }) => x?.shape === undefined, "The `input` tensor doesn't have the rank."),
    refuseIf(
      (step) => step.input(0).rank !== 2 && step.input(0).rank !== 3,
      (step) => `The rank of input tensor (${step.input(0).rank}) needs to be 2 or 3.`,
    ),
    refuseIf(
      (step) => step.int('axis', -1) !== -1 && step.int('axis', -1) !== step.input(0).rank - 1,
      (step) => `The \`axis\` (${step.int('axis', -1)}) needs to be \`rank - 1\`(${step.input(0).rank - 1}) or -1.`,
    ),
  ],
}
