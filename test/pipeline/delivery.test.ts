import { expect, test } from 'vitest'
import type { Artifact } from '../../src/cache/artifact.ts'
import { inlineNote, rebundlerNote } from '../../src/pipeline/inline.ts'
import { deliveryOf, type Surroundings } from '../../src/pipeline/surroundings.ts'
import { rebundlerAmong } from '../../src/plugin/rebundlers.ts'
import { parseRequest } from '../../src/request/request.ts'

const delivery = (query: string, library: string, surroundings: Partial<Surroundings>): string =>
  deliveryOf(parseRequest(`/m.onnx${query}`), { library } as Artifact, { mode: 'build', ...surroundings })

test.each([
  ['', {}, 'url'],
  ['', { rebundler: 'Nuxt' }, 'inline'],
  ['?files=url', { rebundler: 'Nuxt' }, 'url'],
  ['?files=inline', {}, 'inline'],
  // Native code is no module that a program could import.
  ['?files=module', {}, 'url'],
  ['?files=module', { rebundler: 'Nuxt' }, 'inline'],
  // In development it is in the cache.
  ['?files=inline', { mode: 'dev' }, 'url'],
  ['', { mode: 'dev', rebundler: 'Nuxt' }, 'url'],
] as const)('native code: %s %o → %s', (query, surroundings, expected) => {
  expect(delivery(query, '/m.so', surroundings)).toBe(expected)
})

test.each([
  ['', {}, 'url'],
  ['', { rebundler: 'Nuxt' }, 'inline'],
  ['', { rebundler: 'Nuxt', platform: 'browser' }, 'url'],
  ['', { platform: 'edge' }, 'module'],
  ['?files=url', { platform: 'edge' }, 'module'],
  ['?files=inline', { platform: 'edge' }, 'inline'],
  ['?files=inline', { platform: 'browser', mode: 'dev' }, 'inline'],
] as const)('WebAssembly: %s %o → %s', (query, surroundings, expected) => {
  expect(delivery(query, '/m.wasm', surroundings)).toBe(expected)
})

test.each([
  ['small and light', '', {}, {}, 'inline'],
  ['64 KiB at most', '', { bytes: 65_537 }, {}, 'url'],
  ['with weights in a file', '', { constants: { path: '/w', name: 'w', sha256: '' } }, {}, 'url'],
  ['worth the module for relaxed SIMD', '', { flops: 2_000_001 }, {}, 'url'],
  ['of unknown work', '', { flops: undefined }, {}, 'url'],
  ['asked for as a file', '?files=url', {}, {}, 'url'],
  ['for a worker, which would need a policy', '?worker=true', {}, {}, 'url'],
  ['in development', '', {}, { mode: 'dev' }, 'url'],
  ['for Node', '', {}, { platform: 'node' }, 'url'],
  ['for the edge', '', {}, { platform: 'edge' }, 'module'],
] as const)('a module %s', (_, query, artifact, surroundings, expected) => {
  const small = { library: '/m.wasm', bytes: 65_536, flops: 2_000_000 }
  const request = parseRequest(`/m.onnx${query}`)
  const given = { ...small, ...artifact } as Artifact
  expect(deliveryOf(request, given, { mode: 'build', platform: 'browser', ...surroundings })).toBe(expected)
})

test('who bundles once more is told by their plugins, nested or not there', () => {
  const named = (...names: string[]) => rebundlerAmong([null, [false, ...names.map((name) => ({ name }))]])
  expect(named('vite-plugin-sveltekit-compile')).toBe('SvelteKit')
  expect(named('astro:build')).toBe('Astro')
  expect(named('nuxt:environments')).toBe('Nuxt')
  expect(named('nitro:main')).toBe('Nitro')
  expect(named('native-node-modules')).toBe('tsup')
  expect(named('vite:css', 'react-router', 'nitrogen')).toBeUndefined()
  expect(rebundlerAmong(undefined)).toBeUndefined()
  expect(rebundlerNote({ mode: 'build', rebundler: 'Astro' }, 'inline')).toMatch(/^Astro .*files=inline/)
  expect(rebundlerNote({ mode: 'build', rebundler: 'Astro' }, 'url')).toBeUndefined()
})

test('small files in the JavaScript are nothing to tell of', () => {
  expect(inlineNote('/m.onnx', { library: import.meta.filename } as Artifact)).toBeUndefined()
})
