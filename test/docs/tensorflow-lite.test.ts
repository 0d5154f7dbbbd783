import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { handlerOf } from '../../src/formats/tflite/operators/index.ts'
import { operatorNames } from '../../src/formats/tflite/operator-names.ts'

test('the page lists the operators that are converted, and no others', async () => {
  const page = await readFile(fileURLToPath(new URL('../../docs/tensorflow-lite.md', import.meta.url)), 'utf8')
  const [, list = ''] = page.split('## Operators')
  const listed = Array.from(list.matchAll(/`(\w+)`/g), ([, name = '']) => name)
  const builtin = { isCustom: false, inputs: [], outputs: [], options: undefined, options2: undefined, customOptions: undefined, intermediates: [] } // prettier-ignore
  expect(listed).toEqual(operatorNames.filter((code) => handlerOf({ ...builtin, code })).sort())
})
