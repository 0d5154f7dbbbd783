import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder, writeFiles } from '../../hosts/app.ts'

const python = '/usr/bin/python3'
const hasPython = spawnSync(python, ['-c', '']).status === 0

/** Stands for Keras 3.15, whose `export` refuses a model that was never called: what `load_model` gives was not. */
const keras = `
class Model:
    inputs, given = ['image', 'mask'], None
    def __call__(self, given):
        self.given = given
    def export(self, path, format):
        if self.given is None:
            raise ValueError('The model provided has never called.')
        with open(path, 'w') as file:
            file.write('%s of %s' % (format, self.given))
class models:
    @staticmethod
    def load_model(path, compile):
        model = Model()
        model.inputs = {'one': ['image'], 'two': Model.inputs, 'subclassed': None}[path]
        return model
`

it.skipIf(!hasPython)('a Keras model is called with its own inputs before it is exported', async () => {
  const folder = await temporaryFolder()
  const convert = async (file: string): Promise<any> => {
    const job = { kind: 'keras', file, onnx: join(folder, 'm.onnx'), result: join(folder, 'result.json') }
    await writeFiles(folder, { 'keras.py': keras, 'job.json': JSON.stringify(job) })
    const script = new URL('../../../src/formats/python/convert.py', import.meta.url).pathname
    spawnSync(python, [script, join(folder, 'job.json')], { env: { PYTHONPATH: folder } })
    return JSON.parse(readFileSync(job.result, 'utf8'))
  }
  expect(await convert('one')).toMatchObject({ ok: true })
  expect(readFileSync(join(folder, 'm.onnx'), 'utf8')).toBe('onnx of image')
  expect(await convert('two')).toMatchObject({ ok: true })
  expect(readFileSync(join(folder, 'm.onnx'), 'utf8')).toBe("onnx of ['image', 'mask']")
  expect(await convert('subclassed')).toMatchObject({ ok: false, code: 'EXPORT' })
})
