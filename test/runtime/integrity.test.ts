import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'
import { expectContents } from '../../src/runtime/integrity.ts'

const folder = mkdtempSync(join(tmpdir(), 'integrity-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('a file that is touched while it is read, as a cache that another process uses does', () => {
  const file = join(folder, 'weights.bin')
  writeFileSync(file, new Uint8Array(1 << 22).fill(7))
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex')

  it('is known by its contents: each time, whatever its times say', async () => {
    const toucher = new Worker(
      `const { utimesSync } = require('node:fs')
       const { workerData: file, parentPort } = require('node:worker_threads')
       parentPort.postMessage('touching')
       for (;;) utimesSync(file, new Date(), new Date(Math.random() * 1e12))`,
      { eval: true, workerData: file },
    )
    await new Promise((resolve) => toucher.once('message', resolve))
    try {
      for (let round = 0; round < 200; round++) expectContents({ path: file, sha256 }, 'model.onnx')
      expect(() => expectContents({ path: file, sha256: sha256.replace(/^./, 'x') }, 'model.onnx')).toThrow(
        expect.objectContaining({ code: 'LOAD_CHANGED' }),
      )
    } finally {
      await toucher.terminate()
    }
  })
})
