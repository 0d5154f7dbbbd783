import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../package/installed.ts'
import { emulatedMachines } from '../package/machines.ts'

// The demo is built here for other machines, and their own Node runs the built folder: the same scores for the same transactions.

const run = promisify(execFile)
const script = resolve('examples/fraud-server/demo.js')

interface Measured {
  readonly target: string
  readonly build: { readonly files: readonly { readonly file: string }[] }
  readonly quality: {
    readonly transactions: number
    readonly averagePrecision: number
    readonly atThreshold: readonly { readonly flagged: number }[]
  }
  readonly reference: { readonly largestDifference: number }
}

async function demo(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Measured> {
  const folder = await temporaryFolder('demo')
  const json = join(folder, 'demo.json')
  await run(process.execPath, [script, '--json', json, '--requests', '50', ...args], {
    env: { ...process.env, TMPDIR: folder, ...env },
  })
  return JSON.parse(await readFile(json, 'utf8')) as Measured
}

/** Of `node.js` 20.11, which doesn't tell a module by what is in it. */
const isModule = '--experimental-default-type=module'

const machines = emulatedMachines.filter(({ missing }) => !missing)
let here: Measured
beforeAll(async () => {
  if (machines.length > 0) here = await demo(['--target', 'host'])
})

for (const { name, missing } of emulatedMachines) if (missing) console.log(`skipped: ${name} (${missing})`)

describe.each(machines)('the demo, built for $name', (machine) => {
  const target = machine.platform === 'linux-s390x' ? 'z16' : machine.target
  const args = ['--target', target, '--node', [...machine.node, isModule].join(' ')]
  test('gives the scores that it gives here', async () => {
    const there = await demo(args, { ONNX_MLIR_ASSUME_CPU: target })
    expect(there.target).toBe(target)
    expect(there.build.files).toHaveLength(3)
    // Both are compared with the training code's own, in double precision: float32 leaves 2.7e-7.
    expect(here.reference.largestDifference).toBeLessThan(5e-7)
    expect(there.reference.largestDifference).toBeLessThan(5e-7)
    expect(there.quality.transactions).toBe(here.quality.transactions)
    expect(there.quality.averagePrecision).toBeCloseTo(here.quality.averagePrecision, 6)
    expect(there.quality.atThreshold).toEqual(here.quality.atThreshold)
  })

  // QEMU, up to version 10 at least, reports what a z15 has.
  test.runIf(target === 'z16')('is refused by a processor that reports less', async () => {
    await expect(demo(args)).rejects.toMatchObject({
      stderr: expect.stringMatching(
        /built for z16, but this processor lacks vector packed decimal 2; build it with a lower/,
      ),
    })
  })
})
