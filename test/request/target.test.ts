import { expect, it } from 'vitest'
import { namesOf, target } from '../../src/request/target.ts'
import { addTarget, resolveTarget } from '../../src/targets/index.ts'

it('reads canonical names as they are', () => {
  expect(target.parse('z16')).toBe('z16')
  expect(target.parse('x86-64-v3')).toBe('x86-64-v3')
  expect(target.format('wasm')).toBe('wasm')
})

it('resolves host to the level of this machine', () => {
  expect(target.parse('host')).toBe(resolveTarget('host').name)
  expect(target.parse('host')).not.toBe('host')
})

it.each(['z61', 'Z16', 'native', ''])('refuses "%s"', (text) => {
  expect(() => target.parse(text)).toThrow(expect.objectContaining({ name: 'UsageError', code: 'USAGE_TARGET' }))
})

it('takes several, each once, the best of an arch first and wasm last', () => {
  expect(target.parse('z16,wasm')).toBe('z16,wasm')
  expect(target.parse('wasm,x86-64,z14,arm64,x86-64-v4,z16,x86-64-v3')).toBe(
    'x86-64-v4,x86-64-v3,x86-64,z16,z14,arm64,wasm',
  )
  expect(target.parse('armv6,armv7')).toBe('armv7,armv6')
  expect(target.parse('wasm,host')).toBe(`${resolveTarget('host').name},wasm`)
  expect(target.parse('wasm,wasm')).toBe('wasm')
  expect(namesOf(target.parse('z16,wasm'))).toEqual(['z16', 'wasm'])
})

it('refuses what no program could choose from several', () => {
  expect(() => target.parse('z16,wams')).toThrow(/Did you mean "wasm"\?/)
  expect(() => target.parse('z16,')).toThrow(/Unknown target ""/)
  expect(() => target.parse('z16,cortex-m4')).toThrow('must be without cortex-m4, whose code no program loads')
  addTarget({ ...resolveTarget('z16'), name: 'ours', arch: 'own', own: { cc: ['cc'], kernels: [] } })
  expect(() => target.parse('ours,wasm')).toThrow('must be ours alone')
})

it('is one for those who resolve it', () => {
  expect(() => resolveTarget('wasm,z16')).toThrow('One target is taken here, not several: "wasm,z16"')
})
