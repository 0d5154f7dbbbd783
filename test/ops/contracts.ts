import { beforeAll, describe, expect, it } from 'vitest'
import { elementTypes, type ElementType } from '../../src/onnx/element-type.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { elementsOf, tensorFrom } from '../../src/onnx/tensor.ts'
import { type Case, compileCases, importCase, type Result } from './harness.ts'

/** What an operator takes, and what it must refuse. */
export interface Contract extends Case {
  /** What only the run can tell: which inputs stand in the place of those that fit. */
  readonly refuses?: Readonly<Record<string, Readonly<Record<number, Tensor>>>>
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

    const refusals = contracts.flatMap(({ op, inputs, refuses = {} }, i) =>
      Object.entries(refuses).map(([what, changed]) => {
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

    const types = contracts.flatMap((contract) =>
      contract.never.flatMap((type, at) => (type ? [[contract.op, at, type, contract] as const] : [])),
    )
    it.each(types)('%s refuses an input %i of %s', (_op, at, type, contract) => {
      const inputs = contract.inputs.map((tensor, i) => (tensor && i === at ? blank(type, tensor.dims) : tensor))
      expect((caught(() => importCase({ ...contract, inputs })) as { code?: string }).code).toBe('MODEL_TYPES')
    })
  })
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
