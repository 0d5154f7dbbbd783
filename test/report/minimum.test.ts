import { expect, it } from 'vitest'
import { checkShare } from '../../src/pipeline/build-report.ts'

it.each([NaN, -1, 2, Infinity, '0.5', null])('a build refuses %j as its least share on NNPA', (share) => {
  expect(() => checkShare(share)).toThrow(expect.objectContaining({ code: 'USAGE_OPTION' }))
})

it.each([undefined, 0, 0.9, 1])('a build takes %j as its least share on NNPA', (share) => {
  expect(() => checkShare(share)).not.toThrow()
})
