import { expect, test } from 'vitest'
import { requirementsOf, targets } from '../../src/targets/index.ts'

test.each([
  [{ target: 'x86-64-v3' }, { arch: 'x64', cpu: 'x86-64-v3' }],
  [
    { target: 'z16', accelerator: 'NNPA' },
    { arch: 's390x', cpu: 'z16', accelerator: 'NNPA' },
  ],
  [
    { target: 'z16', cpu: 'z15' },
    { arch: 's390x', cpu: 'z15' },
  ],
  [{ target: 'armv7' }, { arch: 'arm', cpu: 'armv7' }],
  // Of its levels every such machine has one.
  [{ target: 'win32-x64' }, { arch: 'x64', cpu: 'x86-64', platform: 'win32' }],
  [{ target: 'darwin-arm64' }, { arch: 'arm64', cpu: 'darwin-arm64', platform: 'darwin' }],
  [{ target: 'wasm' }, undefined],
] as const)('%j', (artifact, requirements) => {
  expect(requirementsOf(artifact)).toEqual(requirements)
})

test('every target needs a machine but WebAssembly, and those that load nothing', () => {
  const without = targets.filter(({ name }) => requirementsOf({ target: name }) === undefined)
  expect(without.map(({ name }) => name)).toEqual(['cortex-m0plus', 'cortex-m4', 'cortex-m7', 'wasm'])
})
