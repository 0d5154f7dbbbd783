import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { compileWithOnnxMlir, reportCompile } from '../../src/onnx-mlir/compile.ts'
import { findOnnxMlir } from '../../src/onnx-mlir/find.ts'
import { parseSshBuilder } from '../../src/onnx-mlir/run-ssh.ts'
import {
  type Answer,
  installStandIn,
  makesLibrary,
  mlpLibrary,
  mlpSignature,
  target,
  textsOf,
  workshop,
  writeModel,
} from './installed.ts'

const { fresh, remove } = workshop('ssh-test')
afterAll(remove)

const path = process.env['PATH']
afterEach(() => {
  process.env['PATH'] = path
})

/**
 * A stand-in for the host: `ssh` gives the command to a shell, as the real one does, in a session of its own, which no signal
 * to `ssh` reaches; `scp` copies from and to the same disk.
 * Both write down how they were called, and both fail for the host `gone`.
 */
function installHost(): { readonly bin: string; readonly tmp: string; calls(): string[] } {
  const folder = fresh()
  const [bin, tmp] = [join(folder, 'bin'), join(folder, 'remote')]
  mkdirSync(bin)
  mkdirSync(tmp)
  const log = join(folder, 'calls')
  writeFileSync(log, '')
  const options = `printf '%s ' "$0" "$@" | tr '\\n' ' ' >> '${log}'; echo >> '${log}'\nwhile [ "$1" != -- ]; do shift; done; shift\n`
  const gone = 'case "$*" in *gone*) echo "ssh: Could not resolve hostname gone" >&2; exit 255;; esac\n'
  writeFileSync(
    join(bin, 'ssh'),
    `#!/bin/sh\n${options}${gone}shift\nexport TMPDIR='${tmp}'\nexec setsid --wait sh -c "$*"\n`,
  )
  // The host's part of an address is cut off; its path is read by a shell there.
  writeFileSync(
    join(bin, 'scp'),
    `#!/bin/sh\n${options}${gone}set -- $(for word in "$@"; do echo "\${word#builder:}"; done)\nexec cp -r "$@"\n`,
  )
  for (const name of ['ssh', 'scp']) chmodSync(join(bin, name), 0o755)
  return { bin, tmp, calls: () => readFileSync(log, 'utf8').trim().split('\n').filter(Boolean) }
}

if (process.platform !== 'linux') console.log('skipped: a builder over ssh (its stand-in needs setsid and /proc)')

describe.runIf(process.platform === 'linux')('a builder over ssh', () => {
  let host: ReturnType<typeof installHost>
  beforeEach(() => {
    host = installHost()
    process.env['PATH'] = `${host.bin}${delimiter}${path}`
  })

  async function setUp(answers: readonly Answer[]) {
    const standIn = installStandIn(fresh(), answers, textsOf('config-file', 's390x-ibm-linux-gnu'))
    const installation = await findOnnxMlir({ builder: `ssh://builder:2222${standIn.installation.path}`, env: {} })
    if (installation === undefined) throw new Error('not found')
    const staging = fresh()
    const outDir = join(fresh(), 'out')
    const context = { outDir, signature: mlpSignature, stagingParent: staging }
    return { ...standIn, installation, context, staging, outDir, model: await writeModel(fresh()) }
  }
  const z16 = { target: target('z16') }
  const library: Answer = {
    ...makesLibrary,
    files: { '.so': mlpLibrary({ machine: 22, byteOrder: 'big' }), '.constants.bin': { text: 'c' } },
  }

  test('compiles there what can’t be compiled here', async () => {
    const { installation, model, context, staging, outDir, asked } = await setUp([library])
    process.env['ONNX_MLIR_FLAGS'] = '-O0'
    const steps: number[] = []
    const result = await compileWithOnnxMlir(installation, model, z16, {
      ...context,
      onProgress: ({ step }) => steps.push(step),
    }).finally(() => delete process.env['ONNX_MLIR_FLAGS'])
    expect(result.nnpa).toBe(true)
    expect(steps).toEqual([1, 2, 3, 4, 5, 6])
    expect(
      readdirSync(outDir)
        .map((name) => name.replace(/^m[0-9a-f]+/, 'm'))
        .sort(),
    ).toEqual(['m.constants.bin', 'm.so'])
    expect(asked()[0]?.files.filter((file) => file.includes('.'))).toEqual(['model/model.onnx'])
    expect(asked()[0]?.env['ONNX_MLIR_FLAGS']).toBeUndefined()
    expect(readdirSync(host.tmp)).toEqual([])
    expect(readdirSync(staging)).toEqual([])
    for (const call of host.calls())
      expect(call).toMatch(/(ssh|scp) (-r -q )?-o BatchMode=yes -o ConnectTimeout=20 -[pP] 2222 -- /)
  })

  test('reports from there', async () => {
    const answer: Answer = { when: {}, files: { '.tmp': { text: 'zhigh' }, 'save-config-file': { text: '{}' } } }
    const { installation, model } = await setUp([answer])
    expect(await reportCompile(installation, model, z16)).toMatchObject({ ir: 'zhigh', placement: '{}' })
  })

  test('explains what fails there', async () => {
    const { installation, model, context } = await setUp([
      { when: {}, exit: 14, stderr: "failed to legalize operation 'onnx.Softmax'\n" },
    ])
    await expect(compileWithOnnxMlir(installation, model, z16, context)).rejects.toMatchObject({
      code: 'UNSUPPORTED_OPERATOR',
      message: expect.stringMatching(/onnx-mlir \(\S+ on builder\) failed at Softmax "Softmax_3"/),
    })
    expect(readdirSync(host.tmp)).toEqual([])
  })

  test('that makes nothing is told from one that can’t be reached', async () => {
    const { installation, model, context } = await setUp([{ when: {} }])
    await expect(compileWithOnnxMlir(installation, model, z16, context)).rejects.toMatchObject({
      code: 'COMPILE_NO_OUTPUT',
    })
    const gone = await findOnnxMlir({ builder: 'ssh://gone', env: {} })
    if (gone) {
      await expect(compileWithOnnxMlir(gone, model, z16, context)).rejects.toMatchObject({
        code: 'ENVIRONMENT_SSH',
        message: expect.stringMatching(/Could not resolve hostname gone.*ssh gone true/),
      })
    }
  })

  test('is stopped with us', async () => {
    const { installation, model, context, asked } = await setUp([
      { when: {}, ending: 'hang', stdout: '[1/6] x (0s) Importing\n' },
    ])
    const controller = new AbortController()
    const compiling = compileWithOnnxMlir(installation, model, z16, {
      ...context,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    })
    await expect(compiling).rejects.toThrow('enough')
    const folder = asked()[0]?.cwd ?? ''
    const running = () =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .filter((pid) => {
          try {
            return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`HOME=${folder}/tmp`)
          } catch {
            return false
          }
        })
    for (let i = 0; i < 100 && running().length > 0; i++) await sleep(50)
    expect(running()).toEqual([])
    expect(readdirSync(host.tmp)).toEqual([])
  })
})

describe('the address of a builder', () => {
  test.each([
    ['ssh://host', { host: 'host', port: undefined, path: 'onnx-mlir' }],
    ['ssh://me@z.example.com:2222', { host: 'me@z.example.com', port: 2222, path: 'onnx-mlir' }],
    ['ssh://host/opt/onnx-mlir/bin/onnx-mlir', { host: 'host', port: undefined, path: '/opt/onnx-mlir/bin/onnx-mlir' }],
    ['ssh://me@[fe80::1]:22/x', { host: 'me@[fe80::1]', port: 22, path: '/x' }],
  ])('%s', (builder, parts) => {
    expect(parseSshBuilder(builder)).toEqual({ kind: 'ssh', ...parts })
  })

  test.each([
    'host',
    'http://host',
    'ssh://',
    'ssh://-oProxyCommand=touch',
    'ssh://-x@host',
    'ssh://host;touch x',
    'ssh://host/$(touch x)',
    'ssh://host/a b',
    'ssh://host:99x',
  ])('%s is refused', (builder) => {
    expect(() => parseSshBuilder(builder)).toThrow(expect.objectContaining({ code: 'USAGE_BUILDER' }))
  })
})
