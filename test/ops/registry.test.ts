import { describe, expect, it } from 'vitest'
import { operators, registry } from '../../src/ops/index.ts'
import type { LoweredOperator } from '../../src/lowering/lowering.ts'
import { makeRegistry } from '../../src/ops/registry.ts'

describe('the registry', () => {
  it('refuses an operator that does not say what it demands of its inputs', () => {
    const careless = { name: 'Careless', infer: () => [] } as unknown as LoweredOperator
    expect(() => makeRegistry([...operators, careless])).toThrow(/:Careless declares no rules/)
  })

  it('finds the newest definition that a version covers', () => {
    expect(registry.find('', 'Clip', 13)?.since).toBe(11)
    expect(registry.find('', 'Clip', 6)?.since).toBeUndefined()
    expect(registry.find('', 'Clipped', 13)).toBeUndefined()
  })

  it('takes any number of inputs only behind the others', () => {
    for (const { domain = '', name, rules } of operators) {
      if (typeof rules === 'function') continue
      const repeated = rules.inputs.findIndex(({ presence }) => presence === 'repeated')
      expect([-1, rules.inputs.length - 1], `${domain}:${name}`).toContain(repeated)
    }
  })

  it('says of every elementwise operator how the shapes of its operands go together', () => {
    const loose = operators.filter(
      ({ scalar, rules }) =>
        scalar &&
        typeof rules !== 'function' &&
        rules.inputs.length > 1 &&
        !rules.agree &&
        rules.inputs.slice(1).some(({ shape }) => !shape),
    )
    expect(loose.map(({ name }) => name)).toEqual([])
  })
})
