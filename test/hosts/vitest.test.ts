import { describe, expect, test } from 'vitest'
import { installed } from '../frameworks/framework.ts'
import { temporaryFolder, writeFiles } from './app.ts'
import { addModel } from './models.ts'
import { runVitest } from './run-vitest.ts'

/** A test environment as those of jsdom and happy-dom are: Vite takes its code for a browser's, and it runs in Node. */
const likeJsdom = `export default {
  name: 'like-jsdom',
  viteEnvironment: 'client',
  transformMode: 'web', // the same in Vitest 3
  setup: () => ({ teardown() {} }),
}`

const versions: readonly (readonly [name: string, from: string | undefined])[] = [
  ['Vitest 4, Vite 8', '.'],
  ['Vitest 3, Vite 7', installed('vitest-3')],
  ['Vitest 3, Vite 6', installed('vitest-3-vite-6')],
]

describe.each(versions)('%s', (_name, from) => {
  test.skipIf(from === undefined).each([
    { name: 'node in forks', flags: ['--pool', 'forks'] },
    { name: 'node in threads', flags: ['--pool', 'threads'] },
    { name: 'an environment like jsdom', flags: ['--environment', './like-jsdom.js'] },
    { name: 'node in a VM context', flags: ['--pool', 'vmForks'] },
  ])('a test under Vitest runs the model: $name', async ({ flags }) => {
    const root = await temporaryFolder()
    await writeFiles(root, {
      'like-jsdom.js': likeJsdom,
      'add.onnx': addModel(10),
      'add.tflite': addModel(20),
      'add.pt2': addModel(30),
      'add.test.js': `
        import model from './add.onnx'
        import tflite from './add.tflite'
        import pt2 from './add.pt2?O=2'
        test('adds', async () => {
          const x = new Float32Array([1, 2, 3])
          const results = await Promise.all([model, tflite, pt2].map((of) => of.run({ x })))
          expect(results.map(({ y }) => [...y.data])).toEqual([[11, 12, 13], [21, 22, 23], [31, 32, 33]])
        })`,
    })
    expect(await runVitest(root, flags, from)).toMatch(/Tests +1 passed/)
  })
})
