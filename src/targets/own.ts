import type { UserOperator } from '../onnx/user-operator.ts'

/** What a user says of a target beside what all targets have. */
export interface OwnTarget {
  /** Program and first arguments of its C compiler, which takes GCC's options. */
  readonly cc: readonly [string, ...string[]]
  /** What runs a program for it here: a simulator and its arguments. Empty: this machine runs it. */
  readonly runner?: readonly string[]
  /** What stands for the compiler's own kernels. */
  readonly kernels: readonly UserOperator[]
}
