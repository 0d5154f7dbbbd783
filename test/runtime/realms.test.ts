import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { ModelRunError } from '../../src/runtime/errors.ts'
import { explained } from '../../src/runtime/results.ts'

// Errors of the addon are of the process's first realm; a test of Jest, or code in vm's contexts, runs in another.

it.each([
  ['Object.assign(new Error("a node failed"), { code: "RUN_VALUE" })', 'RUN_VALUE', 'm.onnx: a node failed'],
  ['new RangeError("Array buffer allocation failed")', 'RUN_MEMORY', 'm.onnx: Array buffer allocation failed'],
  ['new TypeError("what nobody foresaw")', 'RUN_FAILED', 'm.onnx: what nobody foresaw'],
])('names the model in an error of another realm: %s', (text, code, message) => {
  const error: unknown = runInNewContext(text)
  expect(error).not.toBeInstanceOf(Error)
  const told = explained(error, 'm.onnx')
  expect(told).toBeInstanceOf(ModelRunError)
  expect(told).toMatchObject({ code, message, cause: error })
})

it('leaves what is no error as it is', () => {
  for (const thrown of ['text', undefined, { code: 'RUN_VALUE' }]) expect(explained(thrown, 'm.onnx')).toBe(thrown)
})
