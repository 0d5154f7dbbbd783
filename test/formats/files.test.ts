import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { modelFilesOf, readModel } from '../../src/formats/read.ts'
import { temporaryFolder } from '../cli/cli.ts'
import { tfliteBytes } from './tflite/writer.ts'

test('a format of one file is not converted to know its files', async () => {
  const path = join(await temporaryFolder(), 'm.tflite')
  const subgraph = { tensors: [{ shape: [1] }, { shape: [1] }], inputs: [0], outputs: [1] }
  await writeFile(
    path,
    tfliteBytes({ subgraphs: [{ ...subgraph, operators: [{ op: 'FlexErf', inputs: [0], outputs: [1] }] }] }),
  )
  expect(await modelFilesOf(path)).toEqual({ files: [path] })
  await expect(readModel(path)).rejects.toThrow('FlexErf')
})

test('what can’t be read is told as reading tells it', async () => {
  const path = join(await temporaryFolder(), 'm.tflite')
  await expect(modelFilesOf(path)).rejects.toThrow('does not exist')
  await writeFile(path, 'TFL')
  await expect(modelFilesOf(path)).rejects.toMatchObject({ name: 'ModelError' })
})
