import { expect, test } from 'vitest'
import { isTypeableQuery, modelSpecifiers } from '../../src/types/specifiers.ts'

const texts = (source: string) => modelSpecifiers(source).map(({ path, query }) => (query ? `${path}?${query}` : path))

test.each([
  [`import m from './m.onnx'`, ['./m.onnx']],
  [`import m from "./m.onnx?target=z16&O=3";`, ['./m.onnx?target=z16&O=3']],
  [`import { run, type Inputs } from '../a b/m.onnx'`, ['../a b/m.onnx']],
  [`export * from '#models/m.onnx?O=3'`, ['#models/m.onnx?O=3']],
  ['const m = await import(`./m.onnx`)', ['./m.onnx']],
  [`const m = require('./m.onnx')`, ['./m.onnx']],
  [`type M = typeof import('./m.onnx')<T>`, ['./m.onnx']],
  [`import m from '$lib/models/größe.onnx'`, ['$lib/models/größe.onnx']],
  [`import a from './a.onnx' with { target: 'z16' }\nimport b from './b.onnx'`, ['./a.onnx', './b.onnx']],
  [`<script setup lang="ts">\nimport m from './m.onnx'\n</script>`, ['./m.onnx']],
  [`import a from './m.onnx'; import b from './m.onnx'`, ['./m.onnx']],
  [`import m from './m.onnx?opset=1.5'`, ['./m.onnx?opset=1.5']],
  [`import a from './m.tflite'; import b from "#m/n.pt2?dims=n_2"`, ['./m.tflite', '#m/n.pt2?dims=n_2']],
  [`import a from './m.onnx.tflite'; import b from './m.onnx'`, ['./m.onnx.tflite', './m.onnx']],
])('%s', (source, expected) => {
  expect(texts(source)).toEqual(expected)
})

test.each([
  ['const m = import(`./${name}.onnx`)'],
  ['const m = import(`./m.onnx?target=${name}`)'],
  ["writeFile('main.js', `import m from './m.onnx?threads=${count}'`)"],
  [`import url from './m.onnx?url'`],
  [`import raw from './m.onnx?raw&x'`],
  [`import m from './m.onnx.json'`],
  [`import url from './m.tflite?url'; load('./m.pt2x'); load('.pt2')`],
  [`const a = 'no', b = "m.onnx'`],
  [`'line\n.onnx'`],
  [`'escaped\\'.onnx'`],
  [`var require_m = __commonJS({ "onnx-mlir:m/m.onnx?worker=true/m.wasm"(exports, module) {} })`],
  [''],
])('%s names no model', (source) => {
  expect(texts(source)).toEqual([])
})

test('a long line of quotes takes no noticeable time', () => {
  const source = `'./m.onnx' ${`"'`.repeat(500_000)}`
  const start = performance.now()
  expect(texts(source)).toEqual(['./m.onnx'])
  expect(performance.now() - start).toBeLessThan(1000)
})

test.each([
  ['target=z16', true],
  ['target=x86-64-v3&O=3,2', true],
  ['opset=1.5', false],
  ['a:b', false],
  ['a/b', false],
  ['*', false],
  ['', false],
])('query %j can be typed: %s', (query, typeable) => {
  expect(isTypeableQuery(query)).toBe(typeable)
})
