import { beforeAll, describe, expect, it } from 'vitest'
import { elementTypes, type ElementType } from '../../src/onnx/element-type.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { elementsOf, tensorFrom } from '../../src/onnx/tensor.ts'
import { type Case, compileCases, importCase, type Result } from './harness.ts'

/** What an operator takes, and what it must refuse. */
export interface Contract extends Case {
  /** What only the run can tell: which inputs stand in the place of those that fit. */
  readonly refuses?: Readonly<Record<string, Readonly<Record<number, Tensor>>>>
  /** Where given: of each input, the axes that may be of any size. Every other is refused when it is longer by one. */
  readonly free?: Readonly<Record<number, readonly number[]>>
  /** Per input, an element type that it must not have. */
  readonly never: readonly (ElementType | undefined)[]
}

/**
 * Tests of a family of operators, all in one compiled model: whatever does not fit is refused by an error that names the
 * node or its input, and the run after that gives what the first one gave.
 */
export function describeContracts(family: string, contracts: readonly Contract[]): void {
  describe(family, () => {
    let run: Awaited<ReturnType<typeof compileCases>>
    let first: Result[][]
    beforeAll(async () => {
      run = await compileCases(contracts)
      first = run()
    }, 300_000)

    const refusals = contracts.flatMap(({ op, inputs, refuses = {}, free, dynamic, constants }, i) =>
      Object.entries({ ...refuses, ...(dynamic && free && longer(inputs, free, constants)) }).map(([what, changed]) => {
        const given = inputs.map((tensor, at) => changed[at] ?? tensor)
        return [op, what, i, given] as const
      }),
    )
    it.each(refusals)('%s refuses %s', (_op, _what, i, inputs) => {
      const error = caught(() => run(new Map([[i, inputs]])))
      expect(error.message).toContain(`c${i}_`)
      expect([(error as { code?: string }).code ?? error.name]).toEqual([
        expect.stringMatching(/^(RUN_SHAPE|RUN_VALUE|RangeError)$/),
      ])
      expect(run()).toEqual(first)
    })

    const sizes = contracts.flatMap(({ op, inputs, free = {}, dynamic, constants = [] }, i) =>
      inputs.flatMap((tensor, at) =>
        tensor && dynamic && !constants.includes(at)
          ? (free[at] ?? []).map((axis) => [op, at, axis, i, tensor] as const)
          : [],
      ),
    )
    it.runIf(sizes.length > 0).each(sizes)(
      '%s takes an input %i that is longer along axis %i',
      (_op, at, axis, i, tensor) => {
        const other = blank(tensor.type, tensor.dims.with(axis, tensor.dims[axis]! + 1))
        const inputs = contracts[i]!.inputs.map((given, index) => (index === at ? other : given))
        expect(() => run(new Map([[i, inputs]]))).not.toThrow()
      },
    )

    const shapes = contracts.flatMap((contract) =>
      Object.entries(contract.free ? longer(contract.inputs, contract.free) : {}).map(
        ([what, changed]) => [contract.op, what, changed, contract] as const,
      ),
    )
    it.runIf(shapes.length > 0).each(shapes)('%s refuses %s that is known', (_op, _what, changed, contract) => {
      const inputs = contract.inputs.map((tensor, at) => changed[at] ?? tensor)
      const { code } = caught(() => importCase({ ...contract, inputs, dynamic: false })) as { code?: string }
      expect(code).toMatch(/^MODEL_(SHAPE|BROADCAST)$/)
    })

    const types = contracts.flatMap((contract) =>
      contract.never.flatMap((type, at) => (type ? [[contract.op, at, type, contract] as const] : [])),
    )
    it.each(types)('%s refuses an input %i of %s', (_op, at, type, contract) => {
      const inputs = contract.inputs.map((tensor, i) => (tensor && i === at ? blank(type, tensor.dims) : tensor))
      expect((caught(() => importCase({ ...contract, inputs })) as { code?: string }).code).toBe('MODEL_TYPES')
    })
  })
}

/** For each axis that is not free, the input that is longer there. */
function longer(
  inputs: Case['inputs'],
  free: NonNullable<Contract['free']>,
  constants: readonly number[] = [],
): NonNullable<Contract['refuses']> {
  const tensors = inputs.flatMap((tensor, i) => (tensor && !constants.includes(i) ? [{ tensor, i }] : []))
  const tied = tensors.flatMap(({ tensor: { type, dims }, i }) =>
    dims.flatMap((dim, axis) =>
      free[i]?.includes(axis) ? [] : [[`axis ${axis} of input ${i}`, { [i]: blank(type, dims.with(axis, dim + 1)) }]],
    ),
  )
  return Object.fromEntries(tied) as NonNullable<Contract['refuses']>
}

function caught(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was refused')
}

function blank(type: ElementType, dims: readonly number[]): Tensor {
  const count = elementsOf(dims) * (elementTypes[type].mlir.startsWith('complex') ? 2 : 1)
  return type === 'string'
    ? tensorFrom(type, dims, Array<string>(count).fill(''))
    : tensorFrom(type, dims, Array<number>(count).fill(0))
}
