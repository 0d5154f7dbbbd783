import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import * as own from '../../src/runtime/errors.ts'
import { ModelLoadError, ModelRunError } from '../../src/runtime/index.ts'

// What a program asks of errors by the classes that it imports, where models bring copies of the runtime of their own.

type Classes = Pick<typeof own, 'ModelLoadError' | 'ModelRunError'>

/** As a build has the runtime of a model: errors alone, names minified. `realm` is where it runs. */
async function copy(realm = globalThis): Promise<Classes> {
  const { outputFiles } = await build({
    stdin: {
      contents: `export * from ${JSON.stringify(fileURLToPath(new URL('../../src/runtime/errors.ts', import.meta.url)))}`,
      resolveDir: '.',
    },
    bundle: true,
    minify: true,
    format: 'iife',
    globalName: 'errors',
    write: false,
  })
  const code = `${outputFiles[0]!.text}; errors`
  return (
    realm === globalThis ? new Function(`${code.replace(/errors$/, 'return errors')}`)() : runInContext(code, realm)
  ) as Classes
}

const other = await copy()
const realm = await copy(createContext() as typeof globalThis)

describe.each([
  ['this copy', own],
  ['another copy', other],
  ['another realm', realm],
])('errors of %s', (_, thrown) => {
  const run: unknown = new thrown.ModelRunError('RUN_VALUE', 'm.onnx: x')
  const load: unknown = new thrown.ModelLoadError('LOAD_MISSING', 'm.onnx: y')

  test('are instances of the class that a program imports, and of no other', () => {
    expect([run, load].map((error) => error instanceof ModelRunError)).toEqual([true, false])
    expect([run, load].map((error) => error instanceof ModelLoadError)).toEqual([false, true])
    expect(run).toBeInstanceOf(ModelRunError)
    if (run instanceof ModelRunError) expect(run.code satisfies string).toBe('RUN_VALUE')
  })

  test('are errors', () => {
    expect([run, load].map((error) => error instanceof Error)).toEqual([thrown !== realm, thrown !== realm])
    expect(Object.prototype.toString.call(run)).toBe('[object Error]')
  })

  test('of classes derived there are instances of what they derive from', () => {
    class Derived extends thrown.ModelRunError {}
    const derived: unknown = new Derived('RUN_OWN', 'z')
    expect(derived instanceof ModelRunError).toBe(true)
    expect(derived instanceof ModelLoadError).toBe(false)
  })
})

test('classes that a program derives are their own', () => {
  class Mine extends ModelRunError {}
  const mine = new Mine('RUN_MINE', 'x')
  expect([mine instanceof Mine, mine instanceof ModelRunError, mine instanceof ModelLoadError]).toEqual([
    true,
    true,
    false,
  ])
  for (const { ModelRunError: Theirs } of [own, other, realm])
    expect(new Theirs('RUN_VALUE', 'x') instanceof Mine).toBe(false)
})

test('nothing else is an instance', () => {
  const coded = Object.assign(new Error('x'), { code: 'RUN_VALUE' })
  const named = Object.assign(new Error('x'), { name: 'ModelRunError' })
  const like = { name: 'ModelRunError', code: 'RUN_VALUE', message: 'x', stack: '' }
  const values: unknown[] = [
    null,
    undefined,
    0,
    '',
    'ModelRunError',
    Symbol('x'),
    {},
    [],
    () => {},
    like,
    coded,
    named,
    new TypeError('x'),
  ]
  for (const value of values) {
    expect(value instanceof ModelRunError).toBe(false)
    expect(value instanceof ModelLoadError).toBe(false)
  }
  expect(Object.create(null) instanceof ModelRunError).toBe(false)
})

test('the class is the one whose instances this copy throws', () => {
  expect(own.disposed('m.onnx: it').constructor).toBe(ModelRunError)
  expect([ModelRunError.name, ModelLoadError.name]).toEqual(['ModelRunError', 'ModelLoadError'])
})
