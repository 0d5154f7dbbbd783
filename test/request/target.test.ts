import { expect, it } from 'vitest'
import { target } from '../../src/request/target.ts'
import { resolveTarget } from '../../src/targets/index.ts'

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

it('takes wasm beside a native target, which says nothing more of browsers', () => {
  expect(target.parse('z16,wasm')).toBe('z16')
  expect(target.parse('wasm,host')).toBe(resolveTarget('host').name)
  expect(target.parse('wasm,wasm')).toBe('wasm')
})

it('refuses two native targets for one import', () => {
  expect(() => target.parse('z16,z17')).toThrow(/target="z16,z17" must be one native target/)
  expect(() => target.parse('z16,wams')).toThrow(/Did you mean "wasm"\?/)
})
